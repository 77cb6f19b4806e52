"""Still pictures: opened, brought to plain colours, made small."""
