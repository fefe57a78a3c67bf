//! Places as tables.

use serde_json::json;

use super::*;
use crate::query::Filter;

#[track_caller]
fn check(condition: Value, inside: &[Value], outside: &[Value]) {
    let filter = Filter::parse(&json!({ "p": condition })).unwrap();
    let matches = |place: &Value| filter.matches(json!({ "p": place }).as_object().unwrap());
    for place in inside {
        assert!(matches(place), "{place} in {condition}");
    }
    for place in outside {
        assert!(!matches(place), "{place} not in {condition}");
    }
}

#[track_caller]
fn check_refused(query: Value, part_of_message: &str) {
    let error = Filter::parse(&query).unwrap_err();
    assert!(error.is_callers_fault());
    assert!(error.to_string().contains(part_of_message), "{error}");
}

#[test]
fn a_point_has_three_forms_and_may_stand_in_an_array() {
    check(
        json!({"$geoWithin": {"$box": [[0, 0], [2, 2]]}}),
        &[
            json!([1, 1]),
            json!([2, 0]),
            json!({"lng": 1, "lat": 2}),
            json!({"type": "Point", "coordinates": [1, 1]}),
            json!([[9, 9], [1, 1]]),
        ],
        &[
            json!([3, 1]),
            json!([1]),
            json!("1,1"),
            json!({"lat": "1", "lng": 1}),
            json!({"type": "Point", "coordinates": [9, 1]}),
            json!(null),
            json!([]),
        ],
    );
}

#[test]
fn shapes_on_a_plane() {
    let within = |shape: Value| json!({ "$within": shape });
    check(
        within(json!({"$center": [[0, 0], 5]})),
        &[json!([3, 4]), json!([0, 0])],
        &[json!([4, 4])],
    );
    // Like the letter L.
    let corners = json!([[0, 0], [4, 0], [4, 1], [1, 1], [1, 4], [0, 4]]);
    check(
        within(json!({ "$polygon": corners })),
        &[json!([0.5, 3]), json!([3, 0.5])],
        &[json!([2, 2]), json!([5, 0.5]), json!([-1, 0.5])],
    );
    check(
        within(json!({"$polygon": {"a": {"x": 0, "y": 0}, "b": [3, 0], "c": [0, 3]}})),
        &[json!([1, 1])],
        &[json!([2, 2])],
    );
}

#[test]
fn shapes_on_a_sphere() {
    // Berlin and Hamburg are 255 km apart, 0.04 of the earth's radius.
    let (berlin, hamburg) = (json!([13.405, 52.52]), json!([9.993, 53.551]));
    check(
        json!({"$geoWithin": {"$centerSphere": [berlin, 0.0402]}}),
        std::slice::from_ref(&hamburg),
        &[json!([2.352, 48.857])],
    );
    let geometry = |rings: Value| json!({"$geoWithin": {"$geometry": {"type": "Polygon", "coordinates": rings}}});
    let square = json!([[[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]]);
    check(
        geometry(square),
        &[json!([5, 5]), json!([0.1, 9.9])],
        &[
            json!([11, 5]),
            json!([-175, -5]),
            json!([185 - 360, -5]),
            json!([5, 80]),
        ],
    );
    // A great circle between two places of 60° north goes further north than they are.
    let northern = json!([[[-60, 60], [60, 60], [60, 50], [-60, 50], [-60, 60]]]);
    check(geometry(northern), &[json!([0, 70])], &[json!([0, 55])]);
    let over_the_date_line = json!([[[170, -10], [-170, -10], [-170, 10], [170, 10], [170, -10]]]);
    check(
        geometry(over_the_date_line),
        &[json!([180, 0]), json!([-175, 5])],
        &[json!([0, 0])],
    );
    let with_hole = json!([
        [[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]],
        [[4, 4], [6, 4], [6, 6], [4, 6], [4, 4]],
    ]);
    check(geometry(with_hole), &[json!([2, 2])], &[json!([5, 5])]);
}

#[test]
fn distances_have_the_units_of_their_operators() {
    let (near, far) = (json!([3, 4]), json!([30, 40]));
    check(
        json!({"$near": [0, 0], "$maxDistance": 5}),
        std::slice::from_ref(&near),
        std::slice::from_ref(&far),
    );
    check(
        json!({"$near": [0, 0], "$minDistance": 6}),
        std::slice::from_ref(&far),
        std::slice::from_ref(&near),
    );
    let degree = 1_f64.to_radians();
    check(
        json!({"$nearSphere": [0, 0], "$maxDistance": degree * 5.1}),
        std::slice::from_ref(&near),
        std::slice::from_ref(&far),
    );
    let origin = json!({"type": "Point", "coordinates": [0, 0]});
    for operator in ["$near", "$nearSphere"] {
        check(
            json!({ operator: {"$geometry": origin, "$minDistance": 550_000, "$maxDistance": 560_000} }),
            std::slice::from_ref(&near),
            &[json!([3, 3.9]), far.clone(), json!("nowhere")],
        );
    }
}

#[test]
fn what_is_no_place_is_refused() {
    for (condition, part) in [
        (json!({"$near": 5}), "needs a point"),
        (json!({"$nearSphere": [200, 0]}), "needs a point"),
        (json!({"$near": [0, 0], "$maxDistance": -1}), "at least 0"),
        (json!({"$maxDistance": 1}), "beside $near"),
        (json!({"$geoWithin": {"$box": [[0, 0]]}}), "two corners"),
        (
            json!({"$geoWithin": {"$box": [[0, 0], "x"]}}),
            "needs points",
        ),
        (
            json!({"$geoWithin": {"$center": [[0, 0]]}}),
            "a middle and a radius",
        ),
        (
            json!({"$geoWithin": {"$polygon": [[0, 0], [1, 1]]}}),
            "three corners",
        ),
        (json!({"$geoWithin": {"$cone": 1}}), "$centerSphere"),
        (
            json!({"$geoWithin": {"$geometry": {"type": "Point", "coordinates": [1, 1]}}}),
            "Polygon",
        ),
        (
            json!({"$geoWithin": {"$geometry": {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1]]]}}}),
            "the last of which is the first",
        ),
        (
            json!({"$geoWithin": {"$polygon": vec![[0, 0]; 2000]}}),
            "1000",
        ),
    ] {
        check_refused(json!({ "p": condition }), part);
    }
    let near = json!({"p": {"$near": [0, 0]}});
    for joined in [
        json!({"$or": [near]}),
        json!({"$nor": [near]}),
        json!({"p": {"$not": {"$near": [0, 0]}}}),
        json!({"p": {"$near": [0, 0]}, "q": {"$near": [0, 0]}}),
        json!({"p": {"$elemMatch": {"q": {"$near": [0, 0]}}}}),
    ] {
        check_refused(joined, "once, and not within");
    }
}
