"""How large a document may be. What is larger is refused with the limit in the words, before anything is allocated."""

MAX_RANK = 8
MAX_ELEMENTS = 4_000_000  # of a value stored in a document
MAX_DRAWN = 16_000_000  # of a recipe: it is computed
MAX_NODES = 200_000
MAX_WIRES = 400_000
MAX_FAN_IN = 10_000
MAX_OUTPUTS = 10_000
MAX_CALLS = 20_000
MAX_TIMES = 1_000_000  # turns of a repeat
MAX_NEST = 8  # operands within operands
MAX_REPEATS = 16  # repeats within repeats
MAX_GROUPS_DEEP = 32  # instances within instances
MAX_NAME = 64
MAX_TEXT = 1_000_000
MAX_INTEGER = 2**63 - 1
MAX_POSITION = 1_000_000
