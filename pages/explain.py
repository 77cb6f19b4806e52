"""Explain: a short narrated film."""

import streamlit as st

from workbench.ui import shown_errors
from workbench.ui.explain_parts import film_form, linked_film, made_films
from workbench.ui.running import running_line

st.title("Explain", anchor=False)

with shown_errors():
    linked_film()
    running_line()
    film_form()
    made_films()
