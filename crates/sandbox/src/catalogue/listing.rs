//! The price list itself: `Service::new(id, category, name, rate in micro-units per 1,000, (min, max))`.

use super::{Service, ServiceType};

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

/// Every service, ascending by id.
pub(super) static CATALOGUE: [Service; 36] = [
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
