DROP TABLE mailroom.oauth_states;
