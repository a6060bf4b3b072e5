CREATE TABLE "user" (
    id text PRIMARY KEY, name text NOT NULL, email text NOT NULL UNIQUE, email_verified boolean NOT NULL, image text,
    created_at timestamp NOT NULL, updated_at timestamp NOT NULL, role text, banned boolean, ban_reason text,
    ban_expires timestamp
);
CREATE TABLE account (
    id text PRIMARY KEY, account_id text NOT NULL, provider_id text NOT NULL,
    user_id text NOT NULL REFERENCES "user" (id) ON DELETE CASCADE, access_token text, refresh_token text, id_token text,
    access_token_expires_at timestamp, refresh_token_expires_at timestamp, scope text, password text,
    created_at timestamp NOT NULL, updated_at timestamp NOT NULL
);
CREATE TABLE session (
    id text PRIMARY KEY, expires_at timestamp NOT NULL, token text NOT NULL UNIQUE, created_at timestamp NOT NULL,
    updated_at timestamp NOT NULL, ip_address text, user_agent text,
    user_id text NOT NULL REFERENCES "user" (id) ON DELETE CASCADE, impersonated_by text
);
CREATE TABLE verification (
    id text PRIMARY KEY, identifier text NOT NULL, value text NOT NULL, expires_at timestamp NOT NULL,
    created_at timestamp, updated_at timestamp
);
CREATE TABLE wallet (
    id integer PRIMARY KEY, user_id text UNIQUE, balance numeric(20,2) DEFAULT 0, currency text,
    status text DEFAULT 'active', updated_at timestamp, created_at timestamp
);

INSERT INTO "user" VALUES
('AnnOfTheOldShop', 'Ann', 'Ann@Old.example', true, 'https://avatars.example/ann.png', '2024-03-01 10:00:00.123', '2024-03-01 10:00:00.123', 'user', false, NULL, NULL),
('b', '   ', 'bob@old.example', false, 'javascript:alert(1)', '2024-03-01 10:00:00', '2024-03-01 10:00:00', NULL, NULL, NULL, NULL),
('c-cased-like-ann', 'Ann again', 'ANN@old.EXAMPLE', true, NULL, '2024-03-02 10:00:00', '2024-03-02 10:00:00', NULL, NULL, NULL, NULL),
('d-was-banned', 'Dan', 'dan@old.example', true, NULL, '2024-03-01 10:00:00', '2024-03-01 10:00:00', 'user', true, 'too loud', '2024-04-01 00:00:00'),
('e-is-banned', 'Eve', 'eve@old.example', true, NULL, '2024-03-01 10:00:00', '2024-03-01 10:00:00', 'user', true, 'Fraud', NULL),
('f-staff', 'Fay', 'fay@old.example', true, NULL, '2024-03-01 10:00:00', '2024-03-01 10:00:00', 'admin', false, NULL, NULL),
('g-taken-over', 'Gus', 'gus@old.example', false, NULL, '2024-03-01 10:00:00', '2024-03-01 10:00:00', 'user', false, NULL, NULL),
('h-no-address', 'Hal', 'hal at old', false, NULL, '2024-03-01 10:00:00', '2024-03-01 10:00:00', 'user', false, NULL, NULL),
('i-ïd', 'Žofie O''Hara 🦊', 'zofie@old.example', true, NULL, '2024-03-01 10:00:00', '2024-03-01 10:00:00', 'superadmin', false, NULL, NULL),
('j-bcrypt', 'Jim', 'jim@old.example', true, NULL, '2024-03-01 10:00:00', '2024-03-01 10:00:00', 'user', false, NULL, NULL),
('k-customer-here', 'Kay', 'Customer@Example.com', true, NULL, '2024-03-01 10:00:00', '2024-03-01 10:00:00', 'admin', false, NULL, NULL),
('l long', 'Lee', 'lee@old.example', true, NULL, '2024-03-01 10:00:00', '2024-03-01 10:00:00', 'user', false, NULL, NULL);

INSERT INTO account (id, account_id, provider_id, user_id, access_token, password, created_at, updated_at) VALUES
('a1', 'AnnOfTheOldShop', 'credential', 'AnnOfTheOldShop', NULL, '00112233445566778899aabbccddeeff:a7104771a42b618c537df0703b97d16c7246a32bdf104eb249cf9dbd851f9197304493e99491264624512740c202c5c9aa8e0126b8ccde394f3bcc61dd678ab6', '2024-03-01 10:00:00', '2024-03-01 10:00:00'),
('a2', '4711', 'github', 'AnnOfTheOldShop', 'gho_secret', NULL, '2024-03-01 10:00:00', '2024-03-01 10:00:00'),
('d1', 'd-was-banned', 'credential', 'd-was-banned', NULL, '00112233445566778899aabbccddeeff:a7104771a42b618c537df0703b97d16c7246a32bdf104eb249cf9dbd851f9197304493e99491264624512740c202c5c9aa8e0126b8ccde394f3bcc61dd678ab6', '2024-03-01 10:00:00', '2024-03-01 10:00:00'),
('e1', 'e-is-banned', 'credential', 'e-is-banned', NULL, '00112233445566778899aabbccddeeff:a7104771a42b618c537df0703b97d16c7246a32bdf104eb249cf9dbd851f9197304493e99491264624512740c202c5c9aa8e0126b8ccde394f3bcc61dd678ab6', '2024-03-01 10:00:00', '2024-03-01 10:00:00'),
('f1', 'f-staff', 'credential', 'f-staff', NULL, '00112233445566778899aabbccddeeff:a7104771a42b618c537df0703b97d16c7246a32bdf104eb249cf9dbd851f9197304493e99491264624512740c202c5c9aa8e0126b8ccde394f3bcc61dd678ab6', '2024-03-01 10:00:00', '2024-03-01 10:00:00'),
('g1', 'g-taken-over', 'credential', 'g-taken-over', NULL, '00112233445566778899aabbccddeeff:a7104771a42b618c537df0703b97d16c7246a32bdf104eb249cf9dbd851f9197304493e99491264624512740c202c5c9aa8e0126b8ccde394f3bcc61dd678ab6', '2024-03-01 10:00:00', '2024-03-01 10:00:00'),
('g2', '4712', 'github', 'g-taken-over', NULL, NULL, '2024-03-01 10:00:00', '2024-03-01 10:00:00'),
('i1', 'i-ïd', 'credential', 'i-ïd', NULL, 'ffeeddccbbaa99887766554433221100:f8ef316a43168dc0428e9c211f6617a186edec22f53b36cbe60dea225df3c7a43bdcb512d0e1f485299778fdc68b4f45abc88d3340f240971a5950cbda06975a', '2024-03-01 10:00:00', '2024-03-01 10:00:00'),
('j1', 'j-bcrypt', 'credential', 'j-bcrypt', NULL, '$2b$12$KIXQ5Z8Y7r1vU0m6kq0wEuJm0b9v1o2V3n4q5s6t7u8v9w0x1y2z3', '2024-03-01 10:00:00', '2024-03-01 10:00:00');

INSERT INTO session VALUES
('s1', '2124-03-01 10:00:00', 'tokenOfAnnWhichIsOpen0000000000A', '{now}', '{now}', '192.0.2.7', 'Mozilla/5.0', 'AnnOfTheOldShop', NULL),
('s2', '2024-03-08 10:00:00', 'tokenOfAnnWhichHasEnded00000000B', '2024-03-01 10:00:00', '2024-03-01 10:00:00', NULL, NULL, 'AnnOfTheOldShop', NULL),
('s3', '2124-03-01 10:00:00', 'tokenOfStaffWhoActsAsAnn0000000C', '{now}', '{now}', NULL, NULL, 'AnnOfTheOldShop', 'f-staff'),
('s4', '2124-03-01 10:00:00', 'tokenOfEveWhoIsBanned0000000000D', '{now}', '{now}', NULL, NULL, 'e-is-banned', NULL);

INSERT INTO wallet VALUES
(1, 'AnnOfTheOldShop', 1234.05, 'USD', 'active', '2024-03-01 10:00:00', '2024-03-01 10:00:00'),
(2, 'b', -3.00, 'USD', 'active', '2024-03-01 10:00:00', '2024-03-01 10:00:00'),
(3, 'd-was-banned', 0.01, 'USD', 'suspended', '2024-03-01 10:00:00', '2024-03-01 10:00:00'),
(4, 'e-is-banned', 50.00, 'INR', 'active', '2024-03-01 10:00:00', '2024-03-01 10:00:00'),
(5, 'f-staff', 0.00, 'USD', 'active', '2024-03-01 10:00:00', '2024-03-01 10:00:00'),
(6, 'k-customer-here', 99.99, 'USD', 'active', '2024-03-01 10:00:00', '2024-03-01 10:00:00');

ALTER TABLE "user" ADD COLUMN two_factor_enabled boolean;
UPDATE "user" SET two_factor_enabled = (id IN ('f-staff', 'i-ïd', 'l long'));
