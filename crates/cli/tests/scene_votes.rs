//! Segmentation with several passes, and without a label where the network is not sure.

mod common;

use common::json;
use common::rooms::{Rooms, open};
use train::{LabelOptions, ProgressMode};

#[test]
fn votes_are_the_mean_of_turned_passes() {
    let rooms = Rooms::new();
    rooms.train("run", &["train.epochs=1", "augment.rotate=up", "augment.mirror=[\"x\"]"]);
    let voted = rooms.place.succeed(&["eval", "run", "--quiet", "--votes", "3", "--json", "voted.json"]);
    assert!(voted.contains("with 3 votes"), "{voted}");
    let voted = json(rooms.path("voted.json"));
    assert_eq!(voted["with_votes"]["votes"], 3);
    assert_ne!(voted["with_votes"]["loss"], voted["loss"]);
    let segmenter = open(&rooms.path("run"));
    let cloud = pointcloud::io::read(rooms.path("rooms/test/room_03.ply")).unwrap();
    let label = |votes: usize, memory| {
        let options = LabelOptions { votes: votes.try_into().unwrap(), memory, ..LabelOptions::default() };
        segmenter.label(&cloud, "room.ply".as_ref(), &options, ProgressMode::Quiet).unwrap()
    };
    assert_eq!(label(3, 1 << 30), label(3, 2_000_000), "regions have random numbers of their own");
    assert_ne!(label(3, 1 << 30), label(2, 1 << 30));

    rooms.train(
        "plain",
        &["train.epochs=1", "augment.rotate=none", "augment.mirror=[]", "augment.scale=[1, 1]"],
    );
    rooms.place.fail(&["eval", "plain", "--votes", "3"], &["3 votes would all be the same", "[augment]"]);
}

#[test]
fn points_below_the_bound_have_no_label() {
    let rooms = Rooms::new();
    rooms.train("run", &[]);
    let temperature = &json(rooms.path("run/manifest.json"))["weights"]["best"]["temperature"];
    assert!((0.1..=10.0).contains(&temperature.as_f64().unwrap()), "{temperature}");
    let segmenter = open(&rooms.path("run"));
    let path = rooms.path("rooms/test/room_03.ply");
    let cloud = pointcloud::io::read(&path).unwrap();
    let mut votes = segmenter.label(&cloud, &path, &LabelOptions::default(), ProgressMode::Quiet).unwrap();
    let mut sorted: Vec<f32> = (0..votes.len()).map(|point| votes.confidence(point)).collect();
    sorted.sort_by(f32::total_cmp);
    let bound = sorted[sorted.len() / 2];
    let out = rooms.place.succeed(&[
        "predict",
        "run",
        "rooms/test/room_03.ply",
        "--quiet",
        "--weights",
        "last",
        "--output",
        "out",
        "--reject",
        &bound.to_string(),
    ]);
    assert!(out.contains("none "), "{out}");
    let predicted = pointcloud::io::read(rooms.path("out/room_03.pred.ply")).unwrap();
    let (labels, colors) = (predicted.labels().unwrap(), predicted.colors().unwrap());
    votes.reject_below(bound);
    for point in 0..votes.len() {
        let is_none = votes.confidence(point) < bound;
        assert_eq!(labels[point], if is_none { -1 } else { votes.class(point) as i32 });
        assert_eq!(labels[point], votes.label(point));
        assert_eq!(is_none, colors[point] == [0, 0, 0]);
    }
    assert!(labels.contains(&-1) && labels.iter().any(|&label| label >= 0));
}
