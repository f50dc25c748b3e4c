"""Wire-true stand-ins of the marketplaces, in a process of their own. The product never knows that it talks to them."""
