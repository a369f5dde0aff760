mod with_go_modules {
    use super::super::{Args, run};
    use crate::cluster;

    #[test]
    fn the_table_that_is_kept_is_what_the_modules_say() {
        run(&cluster::workspace(), &Args { check: true }).unwrap();
    }
}
