"""The application itself: its name, and its line of dated versions in words that a doctor understands."""

from ensue import App

clinic = App("clinic")
"""The demonstration clinic; every module of `ensue.demo` adds its events, steps and performers to it."""

clinic.version("2018-07-30", "The first rules of the clinic.")
clinic.version("2018-08-01", "A prescription for two weeks or longer also asks the laboratory for a kidney test.")
clinic.version("2019-02-14", "A change of address is sent in its parts: street, city, state, postal code, country.")
clinic.version("2019-05-01", "A locked phone no longer shows anything medical: the notification only says that there is something to read.")
