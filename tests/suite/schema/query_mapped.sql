CREATE TABLE users (
    id INT AUTO_INCREMENT PRIMARY KEY,
    username VARCHAR(255) NOT NULL,
    email VARCHAR(255) NOT NULL,
    created_time VARCHAR(32),
    updated_at DATETIME(6) NOT NULL
);

CREATE TABLE posts (
    id INT AUTO_INCREMENT PRIMARY KEY,
    author INT NOT NULL,
    title VARCHAR(255) NOT NULL,
    content TEXT NOT NULL,
    published_time VARCHAR(32),
    published TINYINT(1) NOT NULL,
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL
);

CREATE TABLE comments (
    id INT AUTO_INCREMENT PRIMARY KEY,
    post_ref INT NOT NULL,
    author INT NOT NULL,
    text TEXT NOT NULL,
    approved TINYINT(1) NOT NULL,
    created_time VARCHAR(32),
    updated_at DATETIME(6) NOT NULL
);
