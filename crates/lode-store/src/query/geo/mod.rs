//! Places: points in documents, regions and distances in queries.
//!
//! A point is `[x, y]`, an object whose first two fields are numbers in that order (`{lng, lat}`),
//! or GeoJSON. Legacy shapes are planar, in the units of the coordinates; GeoJSON and the
//! `…Sphere` operators are on a sphere, where x is the longitude and y the latitude in degrees.

mod parse;
mod shape;

use serde_json::Value;

pub(crate) use parse::{is_geo, read_condition};
pub use shape::Region;

/// The earth's radius in metres as MongoDB has it.
const EARTH_METRES: f64 = 6_378_100.0;

/// A place on a plane or a sphere.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Or the longitude in degrees.
    pub x: f64,
    /// Or the latitude in degrees.
    pub y: f64,
}

/// A distance from a point, within bounds.
#[derive(Debug, Clone, PartialEq)]
pub struct Near {
    /// From where.
    pub(crate) center: Point,
    /// How to measure.
    pub(crate) metric: Metric,
    /// The least distance, in the metric's unit.
    pub(crate) least: f64,
    /// The greatest distance, in the metric's unit.
    pub(crate) most: f64,
}

/// How a distance is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Metric {
    /// On a plane, in the unit of the coordinates.
    Plane,
    /// On a sphere, in radians.
    Radians,
    /// On the earth, in metres.
    Metres,
}

impl Point {
    /// What a stored value says; None if it is no point.
    pub(crate) fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Array(coordinates) => Self::of_pair(coordinates.iter()),
            Value::Object(fields) => match (fields.get("type"), fields.get("coordinates")) {
                (Some(Value::String(kind)), Some(Value::Array(coordinates))) if kind == "Point" => {
                    Self::of_pair(coordinates.iter())
                }
                _ => Self::of_pair(fields.values()),
            },
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        }
    }

    fn of_pair<'a>(mut values: impl Iterator<Item = &'a Value>) -> Option<Self> {
        let x = values.next()?.as_f64()?;
        let y = values.next()?.as_f64()?;
        Some(Self { x, y })
    }

    /// Its place on the sphere of radius 1.
    fn on_sphere(self) -> [f64; 3] {
        let (longitude, latitude) = (self.x.to_radians(), self.y.to_radians());
        [
            latitude.cos() * longitude.cos(),
            latitude.cos() * longitude.sin(),
            latitude.sin(),
        ]
    }

    /// The angle between two places, in radians.
    fn angle_to(self, other: Self) -> f64 {
        let half = |a: f64, b: f64| ((a - b).to_radians() / 2.0).sin().powi(2);
        let product = self.y.to_radians().cos() * other.y.to_radians().cos();
        let square = half(self.y, other.y) + product * half(self.x, other.x);
        2.0 * square.clamp(0.0, 1.0).sqrt().asin()
    }
}

impl Near {
    /// How far a stored value is, in the metric's unit; None if it is no point within the bounds.
    pub(crate) fn distance(&self, value: &Value) -> Option<f64> {
        let point = Point::read(value)?;
        let distance = match self.metric {
            Metric::Plane => (point.x - self.center.x).hypot(point.y - self.center.y),
            Metric::Radians => self.center.angle_to(point),
            Metric::Metres => self.center.angle_to(point) * EARTH_METRES,
        };
        (self.least..=self.most)
            .contains(&distance)
            .then_some(distance)
    }
}

#[cfg(test)]
mod tests;
