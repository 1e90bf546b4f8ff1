use super::*;
use crate::picture::Grey;
use image::{Rgb, RgbImage};
use polars::prelude::df;

/// Four files, the third of which is not a picture.
fn survey() -> (tempfile::TempDir, Catalog) {
    let dir = tempfile::tempdir().unwrap();
    let names = ["a.png", "b.png", "text.jpg", "c.png"];
    for (n, name) in names.iter().enumerate() {
        write(&dir.path().join(name), n as u8);
    }
    std::fs::write(dir.path().join("text.jpg"), b"not a picture").unwrap();
    let table = df!("id_str" => ["a", "b", "text", "c"], "file_loc" => names).unwrap();
    let catalog = Catalog::from_table(table, dir.path()).unwrap();
    (dir, catalog)
}

fn write(path: &Path, n: u8) {
    let picture = RgbImage::from_fn(40, 30, |x, y| {
        Rgb([x as u8 * 3, (y as u8).wrapping_mul(n), n.wrapping_mul(40)])
    });
    picture.save_with_format(path, image::ImageFormat::Png).unwrap();
}

fn recipe() -> Recipe {
    Recipe { size: 16, ..Recipe::imagenet_lite() }
}

fn direct(recipe: &Recipe, catalog: &Catalog, rows: &[usize]) -> Tensor {
    let files = catalog.files();
    let pictures: Vec<_> = rows.iter().map(|&row| recipe.read(&files[row]).unwrap()).collect();
    recipe.batch(&pictures, Device::Cpu).unwrap()
}

#[test]
fn batches_are_those_of_the_recipe_and_unreadable_pictures_are_left_out() {
    let (dir, catalog) = survey();
    for recipe in [recipe(), recipe().grey(Grey::Luma), recipe().grey(Grey::Mean)] {
        let cache = PictureCache::open(dir.path().join("cache"), &catalog, &recipe).unwrap();
        assert_eq!(cache.ids(), ["a", "b", "c"]);
        assert!(
            cache.failed()[0].id_str == "text"
                && cache.failed()[0].reason.contains("not a picture")
        );
        let batch = cache.batch(&[2, 0], Device::Cpu).unwrap();
        assert_eq!(batch.size(), [2, recipe.channels() as i64, 16, 16]);
        assert_eq!(batch, direct(&recipe, &catalog, &[3, 0]));
    }
    assert_eq!(std::fs::read_dir(dir.path().join("cache")).unwrap().count(), 3);
}

#[test]
fn a_second_opening_makes_nothing_and_a_changed_picture_makes_it_anew() {
    let (dir, catalog) = survey();
    let open = || PictureCache::open(dir.path(), &catalog, &recipe()).unwrap();
    let first = open();
    let made = |cache: &PictureCache| std::fs::metadata(&cache.path).unwrap().modified().unwrap();
    let time = made(&first);
    assert_eq!(made(&open()), time);
    let file = &catalog.files()[1];
    write(file, 200);
    File::open(file).unwrap().set_modified(UNIX_EPOCH).unwrap();
    let anew = open();
    assert_ne!(made(&anew), time);
    assert_eq!(anew.batch(&[1], Device::Cpu).unwrap(), direct(&recipe(), &catalog, &[1]));
    // A process that has the old cache open still reads its contents.
    assert_ne!(first.batch(&[1], Device::Cpu).unwrap(), direct(&recipe(), &catalog, &[1]));
}

#[test]
fn a_file_cut_off_or_with_a_changed_record_is_made_anew() {
    let (dir, catalog) = survey();
    let open = || PictureCache::open(dir.path(), &catalog, &recipe()).unwrap();
    let path = open().path().to_path_buf();
    let whole = std::fs::read(&path).unwrap();
    let mut record = whole.clone();
    let place = record.len() - TAIL - 3;
    record[place] ^= 1;
    let mut sums = whole.clone();
    sums[3 * 16 * 16 * 3] ^= 1;
    let cut = |length: usize| whole[..length].to_vec();
    for bytes in [cut(0), cut(10), cut(whole.len() - 1), cut(whole.len() / 2), record, sums] {
        std::fs::write(&path, bytes).unwrap();
        let cache = open();
        assert_eq!(std::fs::read(&path).unwrap(), whole);
        assert_eq!(cache.batch(&[0], Device::Cpu).unwrap(), direct(&recipe(), &catalog, &[0]));
    }
}

#[test]
fn a_damaged_picture_is_read_from_its_own_file() {
    let (dir, catalog) = survey();
    let path = PictureCache::open(dir.path(), &catalog, &recipe()).unwrap().path;
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[16 * 16 * 3 + 5] ^= 64;
    std::fs::write(&path, bytes).unwrap();
    let cache = PictureCache::open(dir.path(), &catalog, &recipe()).unwrap();
    assert!(cache.stored(0).is_some() && cache.stored(1).is_none());
    let batch = cache.batch(&[0, 1, 2], Device::Cpu).unwrap();
    assert_eq!(batch, direct(&recipe(), &catalog, &[0, 1, 3]));
}

#[test]
fn a_place_beyond_the_end_is_an_error_with_the_number_of_pictures() {
    let (dir, catalog) = survey();
    let cache = PictureCache::open(dir.path(), &catalog, &recipe()).unwrap();
    let message = cache.batch(&[3], Device::Cpu).unwrap_err().to_string();
    assert!(message.contains("less than 3") && message.ends_with("it is 3"), "{message}");
    assert!(cache.batch(&[], Device::Cpu).is_err());
}
