# What sellers do most, in the same words on every surface.
item Acme brass desk lamp
/publish 1
live 1 ebay shopify
expect Item 1 is partly up
/price 1
expect What should it cost?
75
expect live at $75.00
/edit 1
press Condition
press Fair
/item 1
expect See it on eBay
/items
expect Your things
/tasks
expect list item 1
press It is up
/undo
expect You ticked off task 1
/sold 1 70 cash
live 1
expect Sold outside, cash
photo lamp.jpg -- Acme glass vase, want 40
expect Acme glass vase
press Discard
expect This draft was discarded
/help
press Prices
expect A floor is the least
