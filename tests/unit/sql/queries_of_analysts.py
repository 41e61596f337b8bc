"""Queries as analysts write them, over tests.oracle.random_queries.INPUTS, and the same with faults that are easily made."""
# ruff: noqa: E501 - a query is one line

#: A query that Spark plans; what is replaced in it, and by what, so that Spark does not.
WRITTEN: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "SELECT user_id, sum(price) OVER (PARTITION BY user_id ORDER BY clicked_at RANGE BETWEEN INTERVAL 7 DAYS PRECEDING AND CURRENT ROW) AS spend_7d FROM clicks",
        (("clicked_at RANGE", "day RANGE"), ("ORDER BY clicked_at ", "")),
    ),
    (
        "SELECT user_id, sum(price) OVER (PARTITION BY user_id ORDER BY day RANGE BETWEEN 7 PRECEDING AND CURRENT ROW) AS spend_7d FROM clicks",
        (("BETWEEN 7", "BETWEEN :days"), ("ORDER BY day", "ORDER BY day, clicked_at")),
    ),
    (
        "WITH s AS (SELECT *, sum(is_start) OVER (PARTITION BY user_id ORDER BY clicked_at) AS session_id FROM (SELECT *, CASE WHEN clicked_at - lag(clicked_at) OVER (PARTITION BY user_id ORDER BY clicked_at) > INTERVAL 30 MINUTES THEN 1 ELSE 0 END AS is_start FROM clicks) t) SELECT user_id, session_id, count(*) AS n FROM s GROUP BY user_id, session_id",
        (("sum(is_start)", "sum(started)"), ("INTERVAL 30 MINUTES", "30")),
    ),
    (
        "SELECT user_id, max(CASE WHEN kind = 'view' THEN created_at END) AS viewed, max(CASE WHEN kind = 'buy' THEN created_at END) AS bought FROM events GROUP BY user_id HAVING bought > viewed",
        (("THEN created_at END) AS bought", "THEN n END) AS bought"), ("bought > viewed", "bougt > viewed")),
    ),
    (
        "SELECT user_id, filter(collect_list(struct(created_at AS at, kind AS k)), e -> e.k = 'buy')[0].at AS first_buy FROM events GROUP BY user_id",
        (("e.k =", "e.kind ="), ("[0].at", "[0].ts")),
    ),
    (
        "SELECT user_id, transform(array_sort(collect_list(struct(created_at, kind))), e -> e.kind) AS path FROM events GROUP BY user_id",
        (("e -> e.kind", "e -> e.path"), ("e -> e.kind", "(e, i, j) -> e.kind")),
    ),
    (
        "SELECT user_id, array_join(transform(array_sort(collect_list(struct(created_at, kind))), e -> e.kind), '>') AS path FROM events GROUP BY user_id",
        (("e -> e.kind", "e -> e"), ("'>')", "kind)")),
    ),
    (
        "SELECT from_json(payload, 'sku STRING, qty INT, tags ARRAY<STRING>').tags[0] AS tag FROM events",
        ((".tags", ".tag"), ("qty INT", "qty INTEGRE")),
    ),
    (
        "SELECT j.sku, j.qty * n AS total FROM (SELECT from_json(payload, 'sku STRING, qty INT') AS j, n FROM events) t",
        (("j.sku", "j.skus"), ("j.qty * n", "j * n")),
    ),
    (
        "SELECT user_id, item.sku, item.qty FROM (SELECT user_id, explode(from_json(payload, 'array<struct<sku:string,qty:int>>')) AS item FROM events) t",
        (("item.qty", "item.quantity"), ("array<struct<sku:string,qty:int>>", "array<string>")),
    ),
    (
        "SELECT e.user_id, i.sku FROM events e LATERAL VIEW inline(from_json(e.payload, 'array<struct<sku:string,qty:int>>')) i AS sku, qty",
        (("i.sku", "i.sk"), ("AS sku, qty", "AS sku")),
    ),
    (
        "SELECT user_id, pos, score FROM events LATERAL VIEW posexplode(scores) s AS pos, score WHERE score > 0.5",
        (("posexplode(scores)", "posexplode(kind)"), ("AS pos, score WHERE", "AS pos, score, x WHERE")),
    ),
    (
        "SELECT user_id, aggregate(scores, 0D, (acc, x) -> acc + x * x) AS norm FROM events",
        (("0D", "0"), ("acc + x * x", "acc + y * y")),
    ),
    (
        "SELECT user_id, sqrt(aggregate(zip_with(scores, scores, (a, b) -> a * b), CAST(0 AS double), (s, v) -> s + v)) AS norm FROM events",
        (("zip_with(scores, scores,", "zip_with(scores, weight,"), ("(a, b) -> a * b", "a -> a * a")),
    ),
    (
        "SELECT user_id, aggregate(scores, named_struct('s', 0D, 'n', 0), (a, x) -> named_struct('s', a.s + x, 'n', a.n + 1), a -> a.s / a.n) AS mean FROM events",
        (("a.s / a.n", "a.s / a.c"), ("a.n + 1)", "a.n + 1L)")),
    ),
    (
        "SELECT user_id, map_from_entries(collect_list(struct(kind, n))) AS by_kind FROM events GROUP BY user_id",
        (("struct(kind, n)", "struct(kind, n, user_id)"), ("collect_list(struct(kind, n))", "struct(kind, n)")),
    ),
    (
        "SELECT user_id, by_kind['buy'] AS buys FROM (SELECT user_id, map_from_entries(collect_list(struct(kind, n))) AS by_kind FROM events GROUP BY user_id) t",
        (("by_kind['buy']", "by_kinds['buy']"), ("by_kind['buy'] AS", "by_kind['buy'].n AS")),
    ),
    ("SELECT map_filter(map('a', n, 'b', 2), (k, v) -> v > 1) AS m FROM events", (("v > 1", "v"), ("(k, v)", "v"))),
    (
        "SELECT transform_values(map('a', n), (k, v) -> v + 1)['a'] + 1 AS x FROM events",
        (("v + 1)", "array(v))"), ("map('a', n)", "map('a')")),
    ),
    (
        "SELECT kind, percentile_approx(amount, array(0.5, 0.95), 100)[1] AS p95 FROM events GROUP BY kind",
        (("array(0.5, 0.95)", "weight"), ("[1] AS", ".p AS")),
    ),
    (
        "SELECT round(amount, 2) AS a, round(weight / n, 1) AS b FROM events",
        (("round(amount, 2)", "round(amount, n)"), ("round(weight / n, 1)", "round(kind / created_at, 1)")),
    ),
    (
        "SELECT kind, count(DISTINCT user_id) AS users, count(DISTINCT user_id) * 1.0 / sum(count(DISTINCT user_id)) OVER () AS share FROM events GROUP BY kind",
        (("OVER ()", ""), ("GROUP BY kind", "GROUP BY n")),
    ),
    (
        "SELECT user_id, kind, row_number() OVER w AS rn, lag(amount) OVER w AS prev FROM events WINDOW w AS (PARTITION BY user_id ORDER BY created_at)",
        (("OVER w AS rn", "OVER win AS rn"), (" ORDER BY created_at)", ")")),
    ),
    (
        "SELECT * FROM (SELECT user_id, kind, n FROM events) PIVOT (sum(n) FOR kind IN ('view' AS views, 'buy' AS buys))",
        (("sum(n)", "n"), ("FOR kind", "FOR kinds")),
    ),
    (
        "SELECT user_id, views, buys / views AS rate FROM (SELECT user_id, kind, n FROM events) PIVOT (sum(n) FOR kind IN ('view' AS views, 'buy' AS buys))",
        (("buys / views", "bought / views"), ("SELECT user_id, views,", "SELECT user_id, kind, views,")),
    ),
    (
        "SELECT c.user_id, v.make, count(*) AS n FROM clicks c JOIN vehicles v ON c.vehicle_id = v.vehicle_id GROUP BY c.user_id, v.make",
        (("v.make, count", "v.model, count"), ("GROUP BY c.user_id, v.make", "GROUP BY c.user_id")),
    ),
    (
        "SELECT user_id, vehicle_id FROM clicks c WHERE NOT EXISTS (SELECT 1 FROM vehicles v WHERE v.vehicle_id = c.vehicle_id AND v.listed_on > c.day)",
        (("v.listed_on", "v.listed"), ("c.day)", "c.seconds)")),
    ),
    (
        "SELECT make, price - avg(price) OVER (PARTITION BY make) AS above FROM vehicles",
        (("avg(price)", "avg(listed_on)"), ("avg(price) OVER", "round(price) OVER")),
    ),
    (
        "SELECT CASE WHEN price < 10 THEN array('low') ELSE array('high', make) END AS bands FROM vehicles",
        (("array('low')", "'low'"), ("array('high', make)", "map('high', make)")),
    ),
    (
        "SELECT words AS w FROM clicks UNION ALL SELECT array(make) FROM vehicles",
        (("array(make)", "make"), ("array(make)", "array(array(make))")),
    ),
    (
        "SELECT user_id, exists(words, w -> w LIKE 'a%') AS has_a FROM clicks WHERE size(words) > 0",
        (("w -> w LIKE 'a%'", "w -> length(w)"), ("exists(words", "exists(user_id")),
    ),
    (
        "SELECT user_id, arrays_overlap(words, array('a', 'b')) AS hit, size(array_intersect(words, array(user_id))) AS n FROM clicks",
        (("array('a', 'b')", "array(1, 2)"), ("array(user_id)", "user_id")),
    ),
    (
        "SELECT element_at(words, -1) AS last, element_at(map(1, 'x'), 1) AS one FROM clicks",
        (("element_at(words, -1)", "element_at(words, 'a')"), ("element_at(map(1, 'x'), 1)", "element_at(1, 1)")),
    ),
    (
        "SELECT user_id, sequence(min(day), max(day), INTERVAL 1 DAY) AS days FROM clicks GROUP BY user_id",
        (("INTERVAL 1 DAY", "'a'"), ("min(day), max(day)", "min(day), max(seconds)")),
    ),
    (
        "SELECT d, count(user_id) AS n FROM (SELECT explode(sequence(DATE '2026-01-01', :run_date, INTERVAL 1 DAY)) AS d) x LEFT JOIN clicks ON clicks.day = d GROUP BY d",
        (("clicks.day = d", "clicks.dya = d"), ("count(user_id)", "user_id")),
    ),
    (
        "SELECT ntile(4) OVER (ORDER BY price) AS q, percent_rank() OVER (ORDER BY price) AS p FROM vehicles",
        (("ntile(4)", "ntile(price)"), ("percent_rank() OVER (ORDER BY price)", "percent_rank() OVER ()")),
    ),
    (
        "SELECT user_id, first_value(vehicle_id) OVER (PARTITION BY user_id ORDER BY clicked_at ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS f FROM clicks",
        (
            ("UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING", "UNBOUNDED FOLLOWING AND CURRENT ROW"),
            ("ROWS BETWEEN UNBOUNDED PRECEDING", "ROWS BETWEEN INTERVAL 1 DAY PRECEDING"),
        ),
    ),
    (
        "SELECT window.start AS hour, count(*) AS n FROM clicks GROUP BY window(clicked_at, '1 hour')",
        (("window.start", "window.begin"), ("window(clicked_at,", "window(seconds,")),
    ),
    (
        "SELECT date_trunc('week', clicked_at) AS week, approx_count_distinct(user_id) AS users FROM clicks GROUP BY 1",
        (("GROUP BY 1", "GROUP BY 2"), ("date_trunc('week', clicked_at)", "date_trunc('week', seconds)")),
    ),
    (
        "SELECT day, make, grouping_id(day, make) AS g, sum(c.price) AS s FROM clicks c JOIN vehicles v USING (vehicle_id) GROUP BY CUBE (day, make)",
        (("GROUP BY CUBE (day, make)", "GROUP BY day, make"), ("sum(c.price)", "c.price")),
    ),
    (
        "SELECT named_struct('a', user_id, 'b', named_struct('c', price)).b.c AS c FROM clicks",
        ((".b.c AS", ".b.d AS"), ("'b', named_struct", "'b', 1, named_struct")),
    ),
    (
        "SELECT s.profile.make AS make FROM (SELECT struct(struct(make, price) AS profile, listed_on) AS s FROM vehicles) t",
        (("s.profile.make", "s.profil.make"), ("s.profile.make", "s.listed_on.make")),
    ),
    (
        "SELECT user_id, map_keys(m) AS ks FROM (SELECT user_id, str_to_map(payload, ',', ':') AS m FROM events) t",
        (("map_keys(m)", "map_keys(user_id)"), ("AS m FROM", "AS n FROM")),
    ),
    (
        "WITH a AS (SELECT user_id, sum(price) AS s FROM clicks GROUP BY user_id), b AS (SELECT avg(s) AS m FROM a) SELECT a.user_id FROM a CROSS JOIN b WHERE a.s > b.m",
        (("b AS (SELECT", "a AS (SELECT"), ("b.m", "b.s")),
    ),
    (
        "SELECT user_id, hash(user_id) % 10 AS bucket, xxhash64(user_id, kind) AS x FROM events",
        (("hash(user_id)", "hash(map('a', user_id))"), ("xxhash64(user_id, kind)", "xxhash64(user_id, kinds)")),
    ),
    (
        "SELECT DISTINCT user_id, array_sort(ids) AS ids FROM events",
        (("array_sort(ids)", "map('a', ids)"), ("array_sort(ids)", "array_sort(n)")),
    ),
    (
        "SELECT user_id, max_by(kind, created_at) AS latest, min_by(struct(kind, n), created_at).n AS first_n FROM events GROUP BY user_id",
        ((".n AS first_n", ".m AS first_n"), ("max_by(kind, created_at)", "max_by(kind)")),
    ),
    (
        "SELECT user_id FROM events WHERE array_contains(ids, n) AND ids[0] IS NOT NULL",
        (("array_contains(ids, n)", "array_contains(ids, kind)"), ("ids[0]", "ids['a']")),
    ),
    (
        "SELECT coalesce(scores, array(0D)) AS s, coalesce(ids, array(0)) AS i FROM events",
        (("array(0D)", "0D"), ("array(0)", "array(array(0))")),
    ),
    (
        "SELECT CAST(ids AS array<string>) AS i, CAST(struct(n, kind) AS struct<a: bigint, b: string>).a AS a FROM events",
        (("CAST(ids AS array<string>)", "CAST(ids AS map<int, string>)"), (".a AS a", ".n AS a")),
    ),
)
FINE = tuple(sql for sql, _ in WRITTEN)
WRONG = tuple(sql.replace(old, new, 1) for sql, faults in WRITTEN for old, new in faults)
