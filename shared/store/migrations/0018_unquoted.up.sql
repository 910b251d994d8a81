-- Quotes around a name that needs none change nothing: "ada.l"@lp.example is ada.l@lp.example.
CREATE OR REPLACE FUNCTION mailroom.canonical(address text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = ''
AS $$
    SELECT CASE
        WHEN starts_with(bare, '"') THEN bare || '@' || domain
        WHEN domain IN ('gmail.com', 'googlemail.com')
            THEN coalesce(nullif(replace(local, '.', ''), ''), local) || '@gmail.com'
        ELSE local || '@' || domain
    END
      FROM (SELECT regexp_replace(address, '^.*@', '') AS domain,
                   regexp_replace(address, '@[^@]*$', '') AS whole) AS parts
     CROSS JOIN LATERAL (SELECT CASE WHEN starts_with(whole, '"')
                                     THEN regexp_replace(substr(whole, 2, greatest(length(whole) - 2, 0)), '\\(.)', '\1', 'g')
                                END AS inside) AS quoted
     CROSS JOIN LATERAL (SELECT CASE WHEN inside ~ '^[A-Za-z0-9!#$%&''*+/=?^_`{|}~.-]+$' THEN inside ELSE whole END AS bare) AS name
     CROSS JOIN LATERAL (SELECT coalesce(nullif(split_part(bare, '+', 1), ''), bare) AS local) AS plain
$$;
REINDEX INDEX mailroom.participants_canonical;
