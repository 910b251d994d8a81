"""HTTP: the push endpoint, the admin API, the console.  One module per resource."""
