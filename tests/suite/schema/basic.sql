CREATE TABLE users (
    id INT AUTO_INCREMENT PRIMARY KEY,
    username VARCHAR(255) NOT NULL,
    email VARCHAR(255) NOT NULL,
    age INT,
    balance DOUBLE NOT NULL DEFAULT 0,
    is_active TINYINT(1) NOT NULL DEFAULT 1,
    created_at DATETIME(6),
    updated_at DATETIME(6)
);

CREATE TABLE posts (
    id INT AUTO_INCREMENT PRIMARY KEY,
    author INT NOT NULL,
    title VARCHAR(255) NOT NULL,
    content TEXT NOT NULL,
    published_at DATETIME(6),
    published TINYINT(1) NOT NULL,
    created_at DATETIME(6),
    updated_at DATETIME(6)
);

CREATE TABLE comments (
    id INT AUTO_INCREMENT PRIMARY KEY,
    post_ref INT NOT NULL,
    author INT NOT NULL,
    text TEXT NOT NULL,
    approved TINYINT(1) NOT NULL,
    created_at DATETIME(6),
    updated_at DATETIME(6)
);

CREATE TABLE type_cases (
    id CHAR(36) PRIMARY KEY,
    username VARCHAR(255) NOT NULL,
    email VARCHAR(255) NOT NULL,
    tiny_int TINYINT,
    small_int SMALLINT,
    big_int BIGINT,
    float_val FLOAT,
    double_val DOUBLE,
    decimal_val DECIMAL(20, 4),
    char_val CHAR(255),
    varchar_val VARCHAR(255),
    text_val TEXT,
    date_val DATE,
    time_val TIME(6),
    timestamp_val DATETIME(6),
    blob_val BLOB,
    json_val JSON,
    array_val JSON,
    is_active TINYINT(1) NOT NULL DEFAULT 1
);

CREATE TABLE type_tests (
    id CHAR(36) PRIMARY KEY,
    string_field VARCHAR(255) NOT NULL,
    int_field INT NOT NULL,
    float_field DOUBLE NOT NULL,
    decimal_field DECIMAL(20, 4) NOT NULL,
    bool_field TINYINT(1) NOT NULL,
    datetime_field DATETIME(6) NOT NULL,
    json_field JSON,
    nullable_field VARCHAR(255)
);

CREATE TABLE validated_field_users (
    id INT AUTO_INCREMENT PRIMARY KEY,
    username VARCHAR(255) NOT NULL,
    email VARCHAR(255) NOT NULL,
    age INT,
    balance DOUBLE DEFAULT 0,
    credit_score INT NOT NULL,
    status ENUM('active', 'inactive', 'banned', 'pending', 'suspended') NOT NULL DEFAULT 'active',
    is_active TINYINT(1) DEFAULT 1
);

CREATE TABLE validated_users (
    id INT AUTO_INCREMENT PRIMARY KEY,
    username VARCHAR(50) NOT NULL,
    email VARCHAR(255) NOT NULL,
    age INT
);

CREATE TABLE pydantic_validated_models (
    id INT AUTO_INCREMENT PRIMARY KEY,
    code CHAR(7) NOT NULL,
    quantity INT NOT NULL,
    step_count INT NOT NULL,
    price DECIMAL(20, 4) NOT NULL,
    start_at DATETIME(6) NOT NULL,
    end_at DATETIME(6) NOT NULL,
    status ENUM('draft', 'active', 'archived') NOT NULL DEFAULT 'draft',
    normalized_name VARCHAR(50) NOT NULL,
    created_token VARCHAR(255) NOT NULL
);

CREATE TABLE type_adapter_tests (
    id INT AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(255) NOT NULL,
    optional_name VARCHAR(255),
    optional_age INT,
    last_login DATETIME(6),
    is_premium TINYINT(1),
    unsupported_union VARCHAR(255),
    custom_bool VARCHAR(3),
    optional_custom_bool VARCHAR(3)
);

CREATE TABLE column_mapping_items (
    id INT AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(255) NOT NULL,
    item_total INT NOT NULL,
    remarks INT NOT NULL
);

CREATE TABLE mixed_annotation_items (
    id INT AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(255) NOT NULL,
    tags TEXT NOT NULL,
    meta JSON,
    description TEXT,
    status VARCHAR(255) NOT NULL DEFAULT 'active'
);

CREATE TABLE bulk_users (
    id INT AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(255) NOT NULL,
    age INT NOT NULL DEFAULT 0,
    email VARCHAR(255) NOT NULL DEFAULT ''
);

CREATE TABLE order_items (
    order_id INT NOT NULL,
    product_id INT NOT NULL,
    quantity INT NOT NULL DEFAULT 1,
    unit_price DECIMAL(20, 2) NOT NULL DEFAULT 0,
    PRIMARY KEY (order_id, product_id)
);

CREATE TABLE orders (
    id INT AUTO_INCREMENT PRIMARY KEY,
    total DECIMAL(20, 2) NOT NULL DEFAULT 0,
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL
);

CREATE TABLE product (
    id INT AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(255) NOT NULL,
    price DOUBLE NOT NULL,
    quantity INT NOT NULL
);

CREATE TABLE test_users (
    id INT AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(255) NOT NULL,
    email VARCHAR(255) NOT NULL
);
