"""Names, places and things that the demo company is made of."""

from __future__ import annotations

DEPARTMENTS = (
    # name, city, yearly budget in yuan
    ("Engineering", "Shanghai", 9_800_000),
    ("Sales", "Beijing", 7_250_000),
    ("Marketing", "Shanghai", 4_100_000),
    ("Finance", "Beijing", 2_650_000),
    ("Human Resources", "Hangzhou", 1_480_000),
    ("Customer Support", "Chengdu", 2_230_000),
    ("Research", "Shenzhen", 6_900_000),
    ("Logistics", "Guangzhou", 3_340_000),
    ("Legal", "Beijing", 1_120_000),
    ("Design", "Hangzhou", 1_960_000),
    ("Innovation Lab", "Shenzhen", 860_000),
)
HEADCOUNT = (47, 34, 19, 13, 9, 27, 24, 21, 5, 11, 0)
TITLES = {
    "Engineering": ("Software Engineer", "Senior Engineer", "Test Engineer", "Engineering Manager"),
    "Sales": ("Sales Representative", "Account Manager", "Sales Manager"),
    "Marketing": ("Marketing Specialist", "Content Editor", "Marketing Manager"),
    "Finance": ("Accountant", "Financial Analyst", "Finance Manager"),
    "Human Resources": ("Recruiter", "HR Specialist", "HR Manager"),
    "Customer Support": ("Support Agent", "Support Specialist", "Support Manager"),
    "Research": ("Data Scientist", "Research Scientist", "Research Manager"),
    "Logistics": ("Warehouse Operator", "Logistics Planner", "Logistics Manager"),
    "Legal": ("Legal Counsel", "Paralegal", "Legal Manager"),
    "Design": ("Product Designer", "Graphic Designer", "Design Manager"),
}
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = (
    "伟", "芳", "娜", "敏", "静", "磊", "强", "洋", "艳", "勇", "杰", "娟", "涛", "明", "超",
    "秀英", "雨桐", "子涵", "浩然", "欣怡", "梓轩", "思远", "晓东", "丽华", "志强", "建国", "海燕",
    "文静",
)  # fmt: skip
FIRST = (
    "Alice", "Brian", "Clara", "David", "Emma", "Felix", "Grace", "Henry", "Irene", "Jack", "Karen",
    "Leo", "Maria", "Nathan", "Olivia", "Peter", "Rachel", "Samuel", "Tina", "Victor",
)  # fmt: skip
LAST = (
    "Adams", "Brown", "Carter", "Dixon", "Evans", "Foster", "Green", "Hughes", "Irwin", "Jones",
    "Keller", "Lewis", "Miller", "Novak", "Owens", "Parker", "Quinn", "Reed", "Stone", "Turner",
)  # fmt: skip
PROJECTS = (
    ("Apollo", "active"), ("Atlas", "completed"), ("Beacon", "active"), ("Cedar", "planned"),
    ("Comet", "completed"), ("Delta", "active"), ("Echo", "on hold"), ("Falcon", "active"),
    ("Gemini", "completed"), ("Harbor", "planned"), ("Iris", "active"), ("Jupiter", "completed"),
    ("Keystone", "active"), ("Lotus", "active"), ("Mercury", "completed"), ("Nova", "on hold"),
    ("Orion", "active"), ("Phoenix", "completed"), ("Quartz", "planned"), ("River", "active"),
    ("Saturn", "completed"), ("Titan", "active"), ("Umbra", "on hold"), ("Vega", "active"),
    ("Willow", "planned"), ("Zenith", "active"),
)  # fmt: skip
ROLES = ("developer", "tester", "analyst", "designer", "lead")
CITIES = (
    ("Beijing", "China"), ("Shanghai", "China"), ("Shenzhen", "China"), ("Chengdu", "China"),
    ("Hangzhou", "China"), ("Singapore", "Singapore"), ("Tokyo", "Japan"), ("Osaka", "Japan"),
    ("London", "United Kingdom"), ("Manchester", "United Kingdom"), ("Berlin", "Germany"),
    ("Munich", "Germany"), ("Paris", "France"), ("New York", "United States"),
    ("Chicago", "United States"), ("Toronto", "Canada"),
)  # fmt: skip
LEVELS = ("regular", "silver", "gold")
CATEGORIES = {
    "Laptops": ("Aero 13", "Aero 15", "Aero 17", "Forge 14", "Forge 16", "Slate 12", "Titan Book"),
    "Phones": ("Pixie One", "Pixie Two", "Pixie Max", "Nimbus S", "Nimbus Pro", "Nimbus Lite"),
    "Tablets": ("Canvas 8", "Canvas 10", "Canvas 12", "Folio Mini", "Folio Air"),
    "Monitors": ("Vista 24", "Vista 27", "Vista 32", "Panorama 34", "Panorama 49"),
    "Audio": ("Echo Buds", "Echo Buds Pro", "Studio Headphones", "Desk Speaker", "Sound Bar"),
    "Accessories": ("USB-C Hub", "Wireless Mouse", "Mechanical Keyboard", "Laptop Stand",
                    "Webcam HD", "Travel Charger", "Phone Case", "Screen Cleaner"),
    "Furniture": ("Standing Desk", "Office Chair", "Desk Lamp", "Bookshelf", "Footrest"),
    "Stationery": ("Notebook A5", "Gel Pen Set", "Sticky Notes", "Planner", "Whiteboard"),
}  # fmt: skip
PRICES = {
    "Laptops": (4200, 15800), "Phones": (1500, 8900), "Tablets": (1300, 6400),
    "Monitors": (900, 7200), "Audio": (180, 2600), "Accessories": (25, 780),
    "Furniture": (120, 3900), "Stationery": (8, 260),
}  # fmt: skip
STATUSES = ("delivered", "shipped", "pending", "cancelled")
CHANNELS = ("web", "store", "phone")
