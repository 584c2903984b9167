public class Placeholder { }
