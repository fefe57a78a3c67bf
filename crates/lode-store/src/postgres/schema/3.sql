-- Kinvey keeps usernames unique. A username that is no text, or is missing, is nobody's. By its
-- digest, since the entries of an index are bounded and usernames are not.

CREATE UNIQUE INDEX usernames ON documents (app, md5(body ->> 'username'))
    WHERE collection = 'user' AND jsonb_typeof(body -> 'username') = 'string';
