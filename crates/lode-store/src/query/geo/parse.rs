//! Reads `$near`, `$geoWithin` and their kin.

use serde_json::{Map, Value};

use super::{Metric, Near, Point, Region};
use crate::StoreError;
use crate::limits::POLYGON_CORNERS_MAX;
use crate::query::{Condition, Leaf};

/// The operators on places, with those that go along with them.
const OPERATORS: [&str; 6] = [
    "$near",
    "$nearSphere",
    "$within",
    "$geoWithin",
    "$maxDistance",
    "$minDistance",
];

const SHAPES: &str = "$box $center $centerSphere $polygon $geometry (a Polygon)";

/// Whether an operator is about places.
pub(crate) fn is_geo(operator: &str) -> bool {
    OPERATORS.contains(&operator)
}

/// Reads one operator on places; its bounds may stand beside it. None for a bound itself.
pub(crate) fn read_condition(
    operator: &str,
    value: &Value,
    beside: &Map<String, Value>,
    path: &str,
) -> Result<Option<Condition>, StoreError> {
    match operator {
        "$near" => near(operator, value, beside, Metric::Plane, path).map(Some),
        "$nearSphere" => near(operator, value, beside, Metric::Radians, path).map(Some),
        "$within" | "$geoWithin" => Ok(Some(Leaf::Within(region(operator, value, path)?).into())),
        _ if beside.contains_key("$near") || beside.contains_key("$nearSphere") => Ok(None),
        _ => Err(refuse(
            operator,
            path,
            "stands beside $near or $nearSphere only",
        )),
    }
}

fn near(
    operator: &str,
    value: &Value,
    beside: &Map<String, Value>,
    metric: Metric,
    path: &str,
) -> Result<Condition, StoreError> {
    let geometry = value.get("$geometry");
    let center = Point::read(geometry.unwrap_or(value))
        .filter(|point| metric == Metric::Plane && geometry.is_none() || is_on_earth(*point))
        .ok_or_else(|| {
            refuse(
                operator,
                path,
                "needs a point: [x, y], or {\"$geometry\": {\"type\": \"Point\", \"coordinates\": \
                 [longitude, latitude]}}",
            )
        })?;
    let bounds = match (geometry, value) {
        (Some(_), Value::Object(inner)) => inner,
        _ => beside,
    };
    let metric = if geometry.is_some() {
        Metric::Metres
    } else {
        metric
    };
    let bound = |name: &str, default: f64| distance(name, bounds.get(name), default, path);
    let near = Near {
        center,
        metric,
        least: bound("$minDistance", 0.0)?,
        most: bound("$maxDistance", f64::INFINITY)?,
    };
    Ok(Leaf::Near(near).into())
}

fn distance(
    name: &str,
    value: Option<&Value>,
    default: f64,
    path: &str,
) -> Result<f64, StoreError> {
    match value {
        None | Some(Value::Null) => Ok(default),
        Some(value) => value
            .as_f64()
            .filter(|distance| *distance >= 0.0)
            .ok_or_else(|| refuse(name, path, "needs a number of at least 0")),
    }
}

fn is_on_earth(point: Point) -> bool {
    (-180.0..=180.0).contains(&point.x) && (-90.0..=90.0).contains(&point.y)
}

fn region(operator: &str, value: &Value, path: &str) -> Result<Region, StoreError> {
    let needs_a_shape = || {
        refuse(
            operator,
            path,
            &format!("needs an object with one of {SHAPES}"),
        )
    };
    let shape = value.as_object().ok_or_else(needs_a_shape)?;
    let mut shapes = shape.iter().filter(|(name, _)| *name != "$uniqueDocs");
    let (Some((name, shape)), None) = (shapes.next(), shapes.next()) else {
        return Err(needs_a_shape());
    };
    match name.as_str() {
        "$box" => {
            let corners = points(name, shape, path)?;
            let [a, b] = corners.as_slice() else {
                return Err(refuse(
                    name,
                    path,
                    "needs two corners, such as [[0, 0], [2, 2]]",
                ));
            };
            let low = Point {
                x: a.x.min(b.x),
                y: a.y.min(b.y),
            };
            let high = Point {
                x: a.x.max(b.x),
                y: a.y.max(b.y),
            };
            Ok(Region::Box(low, high))
        }
        "$center" => {
            circle(name, shape, path).map(|(middle, radius)| Region::Circle(middle, radius))
        }
        "$centerSphere" => {
            circle(name, shape, path).map(|(middle, radius)| Region::Cap(middle, radius))
        }
        "$polygon" => Ok(Region::Polygon(polygon(name, shape, path)?)),
        "$geometry" => rings(name, shape, path).map(Region::Rings),
        _ => Err(needs_a_shape()),
    }
}

fn circle(name: &str, shape: &Value, path: &str) -> Result<(Point, f64), StoreError> {
    let parts = shape.as_array().map(Vec::as_slice).unwrap_or_default();
    if let [middle, radius] = parts
        && let (Some(middle), Some(radius)) = (Point::read(middle), radius.as_f64())
        && radius >= 0.0
    {
        return Ok((middle, radius));
    }
    Err(refuse(
        name,
        path,
        "needs a middle and a radius, such as [[0, 0], 2]",
    ))
}

fn polygon(name: &str, shape: &Value, path: &str) -> Result<Vec<Point>, StoreError> {
    let corners = points(name, shape, path)?;
    if corners.len() < 3 {
        return Err(refuse(name, path, "needs at least three corners"));
    }
    Ok(corners)
}

/// The rings of a GeoJSON polygon; each ends where it begins.
fn rings(name: &str, shape: &Value, path: &str) -> Result<Vec<Vec<Point>>, StoreError> {
    let fault = || {
        let what = "needs {\"type\": \"Polygon\", \"coordinates\": [[[x, y], …]]}, each ring of \
                    at least four places on the earth, the last of which is the first";
        refuse(name, path, what)
    };
    let kind = shape.get("type").and_then(Value::as_str);
    let rings = shape.get("coordinates").and_then(Value::as_array);
    let rings = rings.filter(|rings| kind == Some("Polygon") && !rings.is_empty());
    let mut corners = 0;
    let read = |ring: &Value| {
        let mut ring = points(name, ring, path)?;
        corners += ring.len();
        if corners > POLYGON_CORNERS_MAX {
            return Err(too_many_corners());
        }
        let is_closed = ring.len() >= 4 && ring.first() == ring.last();
        if !is_closed || !ring.iter().all(|corner| is_on_earth(*corner)) {
            return Err(fault());
        }
        ring.pop();
        Ok(ring)
    };
    rings.ok_or_else(fault)?.iter().map(read).collect()
}

fn points(name: &str, value: &Value, path: &str) -> Result<Vec<Point>, StoreError> {
    let fault = || refuse(name, path, "needs points, such as [[0, 0], [2, 0], [2, 2]]");
    let values: Vec<&Value> = match value {
        Value::Array(values) => values.iter().collect(),
        Value::Object(values) => values.values().collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return Err(fault()),
    };
    if values.len() > POLYGON_CORNERS_MAX {
        return Err(too_many_corners());
    }
    let points = values
        .into_iter()
        .map(|value| Point::read(value).ok_or_else(fault));
    points.collect()
}

fn too_many_corners() -> StoreError {
    StoreError::LimitExceeded {
        what: "the number of a polygon's corners".to_owned(),
        limit: POLYGON_CORNERS_MAX.to_string(),
        advice: "use a simpler polygon",
    }
}

fn refuse(operator: &str, path: &str, what: &str) -> StoreError {
    let place = if path.is_empty() {
        String::new()
    } else {
        format!(" on the path {path:?}")
    };
    StoreError::bad_query(format!("{operator}{place} {what}"))
}
