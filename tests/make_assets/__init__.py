"""Scripts that draw and synthesise the sample files in assets/."""
