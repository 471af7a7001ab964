"""What each part of the stand-in world has in common: a name, modes in which it can be broken, and a way back from each of them."""


class Part:
    """`as_MODE` breaks it, `well` makes it well again, from whatever it was."""
    modes = ()

    def __init__(self, name):
        self.name, self.mode = name, None

    def break_as(self, mode):
        if mode not in self.modes:
            raise ValueError(f"{self.name} cannot be broken as {mode}: it knows {', '.join(self.modes)}")
        self.mend()
        self.mode = mode
        getattr(self, f"as_{mode}")()

    def mend(self):
        if self.mode:
            self.mode = None
            self.well()

    def well(self):
        raise NotImplementedError

    def close(self):
        pass
