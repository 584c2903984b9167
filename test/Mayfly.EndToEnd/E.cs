public class E { [Xunit.Fact] public void X() => Xunit.Assert.True(true); }
