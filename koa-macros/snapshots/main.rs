fn main() -> Result {
    #[deny(unused_must_use)]
    async fn main() -> Result {
        App::new().with(hello).listen("127.0.0.1:3000").await
    }
    ::koa::__private::main(main())
}
