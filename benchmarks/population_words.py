"""Name words of languages that mimesis does not have, and how each language puts a full name together."""

from typing import NamedTuple

from mimesis.locales import Locale


class Own(NamedTuple):
    """Given names (of women, of men) and family names, the commonest first."""

    female: str
    male: str
    family: str


OWN = {
    "vi": Own(
        "Thị Hương Lan Mai Linh Trang Ngọc Thảo Hà Phương Yến Nhung Tuyết Hạnh Thúy Vân Quỳnh Diệu Trâm Loan",
        "Văn Minh Hùng Dũng Tuấn Nam Đức Quang Hải Long Sơn Thành Phúc Khánh Bảo Kiên Trung Hiếu Thắng Vinh",
        "Nguyễn Trần Lê Phạm Hoàng Huỳnh Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý Đoàn Trịnh Đinh Mai Tô Cao Lâm Hà",
    ),
    "in": Own(
        "Priya Anjali Pooja Lakshmi Sunita Kavita Neha Divya Ananya Meena Radha Sita Shanti Deepika Aishwarya Swati",
        "Rahul Amit Rajesh Suresh Vijay Arjun Ravi Sanjay Anil Manoj Karthik Venkatesh Harpreet Mohammed Imran Ganesh",
        "Kumar Singh Sharma Patel Reddy Gupta Khan Das Rao Nair Iyer Mukherjee Chatterjee Banerjee Subramanian Pillai "
        "Choudhury Bhattacharya Venkataraman Krishnamurthy Desai Joshi Mehta Naidu Gill Sandhu Hussain Menon",
    ),
    "hi": Own(
        "प्रिया सुनीता कविता पूजा लक्ष्मी गीता सीता राधा अंजलि नेहा मीना शांति रेखा उषा सरिता अनीता ममता किरण",
        "राहुल अमित राजेश सुरेश विजय अर्जुन रवि संजय अनिल मनोज दिनेश महेश रमेश गणेश विकास अशोक सुनील मोहन",
        "कुमार सिंह शर्मा गुप्ता यादव वर्मा मिश्रा पांडेय तिवारी चौधरी जोशी त्रिपाठी श्रीवास्तव अग्रवाल चौहान ठाकुर द्विवेदी "
        "चतुर्वेदी राजपूत भारद्वाज सक्सेना दीक्षित",
    ),
    "he": Own(
        "מרים שרה רחל לאה נועה תמר יעל מאיה אסתר רבקה חנה שירה מיכל דינה אורלי טליה הילה נעמי רות עדי",
        "יוסף דוד משה אברהם יעקב יצחק דניאל איתן נועם אורי יונתן עומר אליהו שמואל חיים מנחם ברוך גדעון אלון רועי",
        "כהן לוי מזרחי פרץ ביטון דהן אברהם פרידמן מלכה אזולאי כץ יוסף דוד עמר אוחיון גבאי בן-דוד רוזנברג גולדשטיין "
        "שפירא וייס קליין שוורץ רוזן לוינסון ברקוביץ הורוביץ",
    ),
    "ng": Own(
        "Ngozi Chioma Amina Fatima Funmilayo Adaeze Yetunde Blessing Ifeoma Aisha Folasade Chinyere Oluwaseun Temitope",
        "Chukwuemeka Oluwaseun Musa Ibrahim Emeka Tunde Chinedu Babatunde Abdullahi Kelechi Olumide Ikenna Usman Segun",
        "Okafor Adeyemi Okonkwo Ibrahim Musa Abubakar Adebayo Eze Nwosu Olawale Ogunleye Chukwu Balogun Onyekachi Obi "
        "Afolabi Nwachukwu Oyelaran Adesanya Okechukwu Uzoma Bello Suleiman Akintola",
    ),
    "cn": Own(
        "Li Na Xiaoyan Fang Min Jing Yan Lihua Mei Xiuying Yuting Xinyi Zihan Meiling Qian Hui Lan Ying Xue Yue",
        "Wei Jun Lei Qiang Yong Jie Tao Ming Chao Jianguo Haoran Zihao Bo Peng Gang Hao Yang Jianhua Zhiqiang Feng",
        "Wang Li Zhang Liu Chen Yang Huang Zhao Wu Zhou Xu Sun Ma Zhu Hu Guo He Lin Gao Luo Zheng Liang Xie Song Tang",
    ),
    "ka": Own(
        "ნინო მარიამ ანა თამარ ქეთევან ნათია ეკა სოფიო ელენე მაია ლელა ნანა ლია მანანა ირინა თეონა სალომე",
        "გიორგი დავით ლევან ზურაბ ირაკლი ნიკა ლუკა ალექსანდრე თორნიკე ვახტანგ მამუკა გელა ბექა სანდრო ზაზა",
        "ბერიძე კაპანაძე გელაშვილი მაისურაძე გიორგაძე ლომიძე წიკლაური ბოლქვაძე ნოზაძე ხუციშვილი კვარაცხელია აბაშიძე "
        "ჯაფარიძე მამულაშვილი დოლიძე შენგელია ჩხეიძე თოფურია",
    ),
}


class Country(NamedTuple):
    """A language of patients: how many of a thousand speak it, and what its names are like.

    `rare` is the share of family names outside the known ones, `second` that of two given names, `double` that of two
    family names; `between` are particles before the family name, each with how many of a hundred have it, and
    `prefixes` likewise what is written onto it. `joint` stands between given and family name: where it is empty the
    family name comes first, and rare given names are made of single characters.
    """

    words: Locale | str
    code: str
    people: int
    rare: float = 0.35
    second: float = 0.2
    double: float = 0.03
    between: tuple[tuple[str, int], ...] = ()
    prefixes: tuple[tuple[str, int], ...] = ()
    hyphen: bool = True
    joint: str = " "


COUNTRIES = (
    Country(Locale.EN, "US", 130, second=0.35, prefixes=(("Mc", 2), ("O'", 1))),
    Country(Locale.EN_GB, "GB", 55, prefixes=(("Mac", 2), ("O'", 2), ("Fitz", 1))),
    Country(Locale.ES, "ES", 60, double=0.9, hyphen=False, between=(("de", 2), ("de la", 2), ("del", 1))),
    Country(Locale.ES_MX, "MX", 60, double=0.8, hyphen=False, second=0.5, between=(("de la", 2), ("de los", 1))),
    Country(Locale.PT_BR, "BR", 70, double=0.6, hyphen=False, between=(("da", 12), ("dos", 8), ("de", 10))),
    Country(Locale.PT, "PT", 15, double=0.6, hyphen=False, between=(("da", 10), ("de", 10))),
    Country(Locale.DE, "DE", 60, double=0.05, between=(("von", 1), ("von der", 1))),
    Country(Locale.DE_AT, "AT", 10),
    Country(Locale.DE_CH, "CH", 10),
    Country(Locale.FR, "FR", 55, second=0.3, double=0.06, between=(("de", 2), ("Le", 2)), prefixes=(("D'", 1),)),
    Country(Locale.IT, "IT", 45, between=(("De", 2), ("Di", 3), ("Della", 1)), prefixes=(("D'", 2),)),
    Country(Locale.NL, "NL", 20, between=(("van", 8), ("van der", 6), ("de", 9), ("van den", 3))),
    Country(Locale.NL_BE, "BE", 8, between=(("Van", 6), ("De", 8))),
    Country(Locale.PL, "PL", 40, double=0.06),
    Country(Locale.CS, "CZ", 15),
    Country(Locale.SK, "SK", 8),
    Country(Locale.HU, "HU", 12),
    Country(Locale.HR, "HR", 8, double=0.05),
    Country(Locale.SV, "SE", 14),
    Country(Locale.NO, "NO", 10, second=0.4),
    Country(Locale.DA, "DK", 10, second=0.4),
    Country(Locale.FI, "FI", 10),
    Country(Locale.IS, "IS", 3),
    Country(Locale.ET, "EE", 4),
    Country(Locale.TR, "TR", 35),
    Country(Locale.AZ, "AZ", 6),
    Country(Locale.RU, "RU", 40, second=0.05),
    Country(Locale.UK, "UA", 25),
    Country(Locale.KK, "KZ", 8),
    Country(Locale.EL, "GR", 15),
    Country(Locale.AR_EG, "EG", 15, second=0.6, hyphen=False, between=(("بن", 3),)),
    Country(Locale.AR_SA, "SA", 10, second=0.5, hyphen=False, between=(("بن", 8),)),
    Country(Locale.AR_DZ, "DZ", 10, hyphen=False),
    Country(Locale.FA, "IR", 15, hyphen=False),
    Country("vi", "VN", 20, rare=0.02, second=0.8, hyphen=False),
    Country("in", "IN", 50, rare=0.5, hyphen=False),
    Country("hi", "IN", 15, rare=0.4, hyphen=False),
    Country("he", "IL", 8, rare=0.4),
    Country("ka", "GE", 4, rare=0.5),
    Country("ng", "NG", 20, rare=0.5, second=0.5),
    Country("cn", "CN", 25, rare=0.05, second=0.0),
    Country(Locale.ZH, "CN", 45, rare=0.0, second=0.0, double=0.0, joint=""),
    Country(Locale.JA, "JP", 25, rare=0.1, second=0.0, double=0.0, joint="\u3000"),
    Country(Locale.KO, "KR", 25, rare=0.0, second=0.0, double=0.0, joint=""),
)
