"""Where a pool's runs train: the interface of workers, and each kind of them."""
