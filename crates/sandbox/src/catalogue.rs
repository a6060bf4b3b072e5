//! The services the panel sells.

use serde_json::{Value, json};

use crate::money;

/// How a service is ordered and what it bills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceType {
    /// `link` and `quantity`; bills the quantity, times `runs` with drip-feed.
    Default,
    /// `link` only; bills one package.
    Package,
    /// `link` and `comments`, one a line; bills the lines.
    CustomComments,
    /// `link` and `comments`; bills one package.
    CustomCommentsPackage,
    /// `link` and `usernames`, one a line; bills the lines.
    MentionsCustomList,
    /// `link`, `quantity` and the comment owner's `username`; bills the quantity.
    CommentLikes,
    /// `link`, `quantity` and `answer_number`; bills the quantity.
    Poll,
}

impl ServiceType {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "Default",
            Self::Package => "Package",
            Self::CustomComments => "Custom Comments",
            Self::CustomCommentsPackage => "Custom Comments Package",
            Self::MentionsCustomList => "Mentions Custom List",
            Self::CommentLikes => "Comment Likes",
            Self::Poll => "Poll",
        }
    }

    /// Whether one order bills one unit whatever it contains.
    pub const fn is_package(self) -> bool {
        matches!(self, Self::Package | Self::CustomCommentsPackage)
    }
}

/// One service of the catalogue.
#[derive(Clone, Debug)]
pub struct Service {
    /// Number on the wire; ascending in the catalogue.
    pub id: u32,
    /// Heading it is listed under.
    pub category: &'static str,
    /// Name shown to buyers.
    pub name: &'static str,
    /// How it is ordered.
    pub kind: ServiceType,
    /// Price of 1,000 units in micro-units; of one package for the package types.
    pub rate: u64,
    /// Smallest billed quantity.
    pub min: u64,
    /// Largest billed quantity.
    pub max: u64,
    /// Whether a completed order can be refilled.
    pub refill: bool,
    /// Whether a running order can be canceled.
    pub cancel: bool,
    /// Whether `runs` and `interval` are accepted.
    pub dripfeed: bool,
}

impl Service {
    const fn new(
        id: u32,
        category: &'static str,
        name: &'static str,
        rate: u64,
        (min, max): (u64, u64),
    ) -> Self {
        Self {
            id,
            category,
            name,
            kind: ServiceType::Default,
            rate,
            min,
            max,
            refill: false,
            cancel: false,
            dripfeed: false,
        }
    }

    const fn of(mut self, kind: ServiceType) -> Self {
        self.kind = kind;
        self
    }

    const fn refillable(mut self) -> Self {
        self.refill = true;
        self
    }

    const fn cancelable(mut self) -> Self {
        self.cancel = true;
        self
    }

    const fn drip(mut self) -> Self {
        self.dripfeed = true;
        self
    }

    /// The service as an element of the `services` answer.
    pub fn to_json(&self) -> Value {
        json!({
            "service": self.id,
            "name": self.name,
            "type": self.kind.as_str(),
            "category": self.category,
            "rate": money::decimal(self.rate),
            "min": self.min.to_string(),
            "max": self.max.to_string(),
            "refill": self.refill,
            "cancel": self.cancel,
            "dripfeed": self.dripfeed,
        })
    }
}

/// Every service, ascending by id.
pub fn catalogue() -> &'static [Service] {
    &CATALOGUE
}

/// The service with this id.
pub fn find(id: u32) -> Option<&'static Service> {
    CATALOGUE
        .binary_search_by_key(&id, |service| service.id)
        .ok()
        .and_then(|position| CATALOGUE.get(position))
}

const IG_FOLLOWERS: &str = "Instagram Followers";
const IG_LIKES: &str = "Instagram Likes";
const IG_VIEWS: &str = "Instagram Views";
const IG_COMMENTS: &str = "Instagram Comments";
const TT_FOLLOWERS: &str = "TikTok Followers";
const TT_ENGAGEMENT: &str = "TikTok Likes and Views";
const YT_VIEWS: &str = "YouTube Views";
const YT_COMMUNITY: &str = "YouTube Subscribers and Comments";
const TG_MEMBERS: &str = "Telegram Members";
const TG_POSTS: &str = "Telegram Post Views and Reactions";
const X: &str = "X (Twitter)";
const FACEBOOK: &str = "Facebook";
const SPOTIFY: &str = "Spotify";
const PACKAGES: &str = "Packages";

static CATALOGUE: [Service; 36] = [
    Service::new(
        1012,
        IG_FOLLOWERS,
        "Instagram Followers | Mixed quality | 50K/day",
        900_000,
        (50, 100_000),
    )
    .cancelable()
    .drip(),
    Service::new(
        1013,
        IG_FOLLOWERS,
        "Instagram Followers | Refill 30 days | 20K/day",
        1_450_000,
        (100, 500_000),
    )
    .refillable()
    .cancelable(),
    Service::new(
        1017,
        IG_FOLLOWERS,
        "Instagram Followers | Lifetime guarantee",
        2_380_000,
        (10, 1_000_000),
    )
    .refillable()
    .drip(),
    Service::new(
        1024,
        IG_FOLLOWERS,
        "Instagram Followers | Real accounts | Slow",
        7_750_000,
        (20, 10_000),
    )
    .refillable(),
    Service::new(
        1101,
        IG_LIKES,
        "Instagram Likes | Instant | 100K/hour",
        84_000,
        (10, 300_000),
    )
    .drip(),
    Service::new(
        1102,
        IG_LIKES,
        "Instagram Likes | Refill 30 days",
        190_000,
        (10, 100_000),
    )
    .refillable()
    .cancelable()
    .drip(),
    Service::new(1109, IG_LIKES, "Instagram Comment Likes", 620_000, (10, 5_000))
        .of(ServiceType::CommentLikes),
    Service::new(
        1140,
        IG_VIEWS,
        "Instagram Reel Views | Fastest",
        8_400,
        (100, 10_000_000),
    )
    .drip(),
    Service::new(
        1141,
        IG_VIEWS,
        "Instagram Story Views | All stories",
        31_250,
        (50, 50_000),
    )
    .cancelable(),
    Service::new(
        1145,
        IG_VIEWS,
        "Instagram Impressions and Reach",
        17_600,
        (100, 1_000_000),
    ),
    Service::new(
        1160,
        IG_COMMENTS,
        "Instagram Custom Comments",
        11_200_000,
        (1, 1_000),
    )
    .of(ServiceType::CustomComments)
    .cancelable(),
    Service::new(
        1163,
        IG_COMMENTS,
        "Instagram Mentions | Your list",
        4_900_000,
        (10, 10_000),
    )
    .of(ServiceType::MentionsCustomList),
    Service::new(
        2001,
        TT_FOLLOWERS,
        "TikTok Followers | 10K/day",
        1_980_000,
        (10, 100_000),
    )
    .cancelable(),
    Service::new(
        2004,
        TT_FOLLOWERS,
        "TikTok Followers | Refill 60 days",
        3_150_000,
        (10, 250_000),
    )
    .refillable()
    .cancelable(),
    Service::new(
        2030,
        TT_ENGAGEMENT,
        "TikTok Views | Instant",
        1_200,
        (100, 100_000_000),
    )
    .drip(),
    Service::new(
        2031,
        TT_ENGAGEMENT,
        "TikTok Likes | Refill 30 days",
        310_000,
        (10, 100_000),
    )
    .refillable()
    .drip(),
    Service::new(2036, TT_ENGAGEMENT, "TikTok Shares", 95_000, (10, 50_000)),
    Service::new(2038, TT_ENGAGEMENT, "TikTok Saves", 72_500, (10, 50_000)),
    Service::new(
        3003,
        YT_VIEWS,
        "YouTube Views | High retention | Refill 30 days",
        1_750_000,
        (500, 1_000_000),
    )
    .refillable()
    .drip(),
    Service::new(
        3005,
        YT_VIEWS,
        "YouTube Views | Native ads",
        2_900_000,
        (1_000, 5_000_000),
    )
    .cancelable(),
    Service::new(3006, YT_VIEWS, "YouTube Shorts Views", 840_000, (100, 1_000_000)).cancelable(),
    Service::new(
        3021,
        YT_COMMUNITY,
        "YouTube Subscribers | Refill 30 days",
        18_500_000,
        (50, 20_000),
    )
    .refillable(),
    Service::new(
        3022,
        YT_COMMUNITY,
        "YouTube Likes | 5K/day",
        1_340_000,
        (10, 50_000),
    )
    .refillable()
    .cancelable(),
    Service::new(
        3027,
        YT_COMMUNITY,
        "YouTube Custom Comments",
        14_000_000,
        (5, 2_000),
    )
    .of(ServiceType::CustomComments),
    Service::new(
        4002,
        TG_MEMBERS,
        "Telegram Channel Members | No drop 7 days",
        560_000,
        (100, 50_000),
    )
    .refillable()
    .cancelable(),
    Service::new(
        4003,
        TG_MEMBERS,
        "Telegram Premium Members",
        6_200_000,
        (50, 10_000),
    )
    .cancelable(),
    Service::new(
        4015,
        TG_POSTS,
        "Telegram Post Views | Last 1 post",
        5_500,
        (10, 1_000_000),
    )
    .drip(),
    Service::new(
        4016,
        TG_POSTS,
        "Telegram Positive Reactions",
        42_000,
        (10, 100_000),
    )
    .cancelable(),
    Service::new(4018, TG_POSTS, "Telegram Poll Votes", 380_000, (20, 20_000)).of(ServiceType::Poll),
    Service::new(5004, X, "X Followers | Refill 30 days", 4_450_000, (50, 50_000)).refillable(),
    Service::new(5006, X, "X Video Views", 9_900, (100, 10_000_000)).drip(),
    Service::new(
        5102,
        FACEBOOK,
        "Facebook Page Followers",
        1_120_000,
        (100, 100_000),
    )
    .refillable()
    .cancelable(),
    Service::new(
        5107,
        FACEBOOK,
        "Facebook Video Views | 3 seconds",
        66_000,
        (500, 10_000_000),
    ),
    Service::new(
        5201,
        SPOTIFY,
        "Spotify Plays | Worldwide",
        290_000,
        (1_000, 1_000_000),
    )
    .drip(),
    Service::new(
        9001,
        PACKAGES,
        "Instagram Starter | 500 followers and 1,000 likes",
        3_400_000,
        (1, 1),
    )
    .of(ServiceType::Package)
    .cancelable(),
    Service::new(
        9004,
        PACKAGES,
        "Instagram Custom Comments | Package of 20",
        1_900_000,
        (1, 1),
    )
    .of(ServiceType::CustomCommentsPackage),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_ascend_so_that_the_search_finds_every_service() {
        assert!(catalogue().windows(2).all(|pair| pair[0].id < pair[1].id));
        assert!(catalogue().iter().all(|service| find(service.id).is_some()));
        assert!(find(1).is_none());
    }

    #[test]
    fn a_service_is_written_with_the_canonical_types() {
        let value = find(1140).map(Service::to_json).unwrap_or_default();
        assert_eq!(
            value,
            json!({
                "service": 1140, "name": "Instagram Reel Views | Fastest", "type": "Default",
                "category": "Instagram Views", "rate": "0.0084", "min": "100", "max": "10000000",
                "refill": false, "cancel": false, "dripfeed": true,
            })
        );
    }

    #[test]
    fn limits_are_sane() {
        for service in catalogue() {
            assert!(service.min >= 1 && service.min <= service.max, "{}", service.id);
            assert!(service.rate > 0, "{}", service.id);
        }
    }
}
