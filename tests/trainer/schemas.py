"""Three quite different databases, made for tests: a school, a shop in Chinese, one flat table."""

SCHOOL = """
CREATE TABLE departments (dept_id INTEGER PRIMARY KEY, dept_name VARCHAR, building VARCHAR,
    budget INTEGER);
CREATE TABLE teachers (teacher_id INTEGER PRIMARY KEY, first_name VARCHAR, last_name VARCHAR,
    salary INTEGER, hired_on DATE, left_on DATE, boss_id INTEGER, dept_id INTEGER,
    FOREIGN KEY (boss_id) REFERENCES teachers(teacher_id),
    FOREIGN KEY (dept_id) REFERENCES departments(dept_id));
CREATE TABLE courses (course_id INTEGER PRIMARY KEY, title VARCHAR, credits INTEGER,
    price DECIMAL(8, 2), stock INTEGER, dept_id INTEGER REFERENCES departments(dept_id));
CREATE TABLE students (stu_id INTEGER PRIMARY KEY, name VARCHAR, age INTEGER, city VARCHAR,
    active BOOLEAN);
CREATE TABLE enrollments (stu_id INTEGER REFERENCES students(stu_id),
    course_id INTEGER REFERENCES courses(course_id), grade INTEGER);
INSERT INTO departments SELECT i, ['Physics', 'History', 'Music', 'Law', 'Botany'][i],
    ['North', 'South'][1 + i % 2], 10000 * i FROM range(1, 6) t(i);
INSERT INTO teachers SELECT i, ['Ann', 'Bob', 'Cleo', 'Dan'][1 + i % 4], 'Teacher' || i,
    3000 + 150 * i, DATE '2001-03-01' + (i * 200)::INTEGER, DATE '2021-05-01' + (i * 9)::INTEGER,
    NULL, 1 + i % 4 FROM range(1, 4) t(i);
INSERT INTO teachers SELECT i, ['Ann', 'Bob', 'Cleo', 'Dan'][1 + i % 4], 'Teacher' || i,
    3000 + 150 * i, DATE '2001-03-01' + (i * 200)::INTEGER, DATE '2021-05-01' + (i * 9)::INTEGER,
    1 + i % 3, 1 + i % 4 FROM range(4, 21) t(i);
INSERT INTO courses SELECT i, 'Course ' || chr(64 + i::INTEGER), 1 + i % 5, 20 + i * 7.5,
    i * 3, 1 + i % 4 FROM range(1, 13) t(i);
INSERT INTO students SELECT i, 'Student ' || i, 17 + i % 9, ['Paris', 'Rome', 'Oslo'][1 + i % 3],
    i % 4 > 0 FROM range(1, 41) t(i);
INSERT INTO enrollments SELECT 1 + i % 30, 1 + (i * 7) % 11, 40 + (i * 13) % 60
    FROM range(1, 121) t(i);
"""

CHINESE = """
CREATE TABLE "客户" ("客户编号" INTEGER PRIMARY KEY, "姓名" VARCHAR, "城市" VARCHAR,
    "年龄" INTEGER);
CREATE TABLE "订单" ("订单编号" INTEGER PRIMARY KEY, "客户编号" INTEGER, "下单日期" DATE,
    "金额" DOUBLE, "状态" VARCHAR);
INSERT INTO "客户" SELECT i, ['王伟', '李娜', '张敏', '刘洋', '陈静'][1 + i % 5] || i,
    ['北京', '上海', '广州'][1 + i % 3], 20 + i % 30 FROM range(1, 31) t(i);
INSERT INTO "订单" SELECT i, 1 + i % 25, DATE '2023-01-01' + (i * 3)::INTEGER, 50 + i * 12.5,
    ['已付款', '待发货', '已取消'][1 + i % 3] FROM range(1, 101) t(i);
"""

FLAT = """
CREATE TABLE sensorlog (rowno INTEGER, sitename VARCHAR, tempC DOUBLE, readdt TIMESTAMP,
    ok BOOLEAN);
INSERT INTO sensorlog SELECT i, ['roof', 'cellar', 'yard'][1 + i % 3], 10 + i % 17,
    TIMESTAMP '2024-01-01 00:00:00' + INTERVAL (i) HOUR, i % 5 > 0 FROM range(1, 300) t(i);
"""
