def greeting(date):
    return f"scores of {date}: {{}} ${{x}} %{{y}} {{% z %}}"
