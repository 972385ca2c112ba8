"""What routing is worth: policies compared on the same problems, none judged on what it was fitted on."""
