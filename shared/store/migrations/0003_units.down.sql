DROP TABLE mailroom.units_spent;
DROP TABLE mailroom.unit_meters;
