//! Regions, and whether a point lies in one.

use serde_json::Value;

use super::Point;
use crate::budget::Budget;

/// Where a point has to lie; the edge of a box or a circle belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub enum Region {
    /// Between two corners.
    Box(Point, Point),
    /// A circle on a plane: its middle and radius.
    Circle(Point, f64),
    /// A circle on a sphere: its middle, and its radius in radians.
    Cap(Point, f64),
    /// A polygon on a plane.
    Polygon(Vec<Point>),
    /// A polygon on a sphere, smaller than half of it; rings after the first are holes.
    Rings(Vec<Vec<Point>>),
}

impl Region {
    /// Whether a stored value is a point in the region; means nothing once the budget is spent.
    pub(crate) fn contains(&self, value: &Value, budget: &Budget) -> bool {
        let Some(point) = Point::read(value) else {
            return false;
        };
        match self {
            Self::Box(low, high) => {
                (low.x..=high.x).contains(&point.x) && (low.y..=high.y).contains(&point.y)
            }
            Self::Circle(middle, radius) => {
                (point.x - middle.x).hypot(point.y - middle.y) <= *radius
            }
            Self::Cap(middle, radius) => middle.angle_to(point) <= *radius,
            Self::Polygon(corners) => !budget.steps(corners.len()) && is_inside(corners, point),
            Self::Rings(rings) => {
                let mut inside = rings.iter().map(|ring| {
                    // The sines and cosines of a corner cost about ten steps.
                    !budget.steps(ring.len().saturating_mul(10)) && is_inside_ring(ring, point)
                });
                inside.next().unwrap_or(false) && !inside.any(|in_hole| in_hole)
            }
        }
    }
}

/// Counts the edges that a ray from the point crosses.
fn is_inside(corners: &[Point], point: Point) -> bool {
    edges(corners).fold(false, |inside, (a, b)| {
        let crosses = (a.y > point.y) != (b.y > point.y)
            && point.x < (b.x - a.x) * (point.y - a.y) / (b.y - a.y) + a.x;
        inside != crosses
    })
}

/// Sums up by how much the direction from the point to the edge turns; once around means inside,
/// of the ring or of its mirror image on the far side of the sphere.
fn is_inside_ring(ring: &[Point], point: Point) -> bool {
    let here = point.on_sphere();
    let middle = ring
        .iter()
        .fold([0.0; 3], |sum, corner| add(sum, corner.on_sphere()));
    if dot(here, middle) <= 0.0 {
        return false;
    }
    let (east, north) = directions(point);
    let direction = |corner: Point| {
        let there = corner.on_sphere();
        dot(there, north).atan2(dot(there, east))
    };
    let turned: f64 = edges(ring)
        .map(|(a, b)| {
            let turn = direction(b) - direction(a);
            // The shorter way round.
            turn - (turn / std::f64::consts::TAU).round() * std::f64::consts::TAU
        })
        .sum();
    turned.abs() > std::f64::consts::PI
}

/// East and north as seen from a place.
fn directions(point: Point) -> ([f64; 3], [f64; 3]) {
    let (longitude, latitude) = (point.x.to_radians(), point.y.to_radians());
    let east = [-longitude.sin(), longitude.cos(), 0.0];
    let north = [
        -latitude.sin() * longitude.cos(),
        -latitude.sin() * longitude.sin(),
        latitude.cos(),
    ];
    (east, north)
}

/// From each corner to the next; the last leads to the first.
fn edges(corners: &[Point]) -> impl Iterator<Item = (Point, Point)> + '_ {
    let next = corners.iter().skip(1).chain(corners.first());
    corners.iter().copied().zip(next.copied())
}

fn add(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}
