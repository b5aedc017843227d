namespace ComfyServe.Cli.Tests;

public sealed class VariablesVerbTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void Value_Piped_IsItWithoutTheLastLineEnd() =>
        Assert.Equal("one\ntwo", VariablesVerb.ValueOf("X", null, false, static _ => null, static () => "one\ntwo\n"));

    [Fact]
    public void Value_OfAFile_IsRead()
    {
        File.WriteAllText(_path, "secret\r\n");

        Assert.Equal("secret", VariablesVerb.ValueOf("X", _path, false, static _ => null, static () => throw new InvalidOperationException("nobody is asked")));
    }

    [Fact]
    public void Value_OfTheEnvironment_IsThatOfTheSameName() =>
        Assert.Equal("X's", VariablesVerb.ValueOf("X", null, true, static name => $"{name}'s", static () => ""));

    [Fact]
    public void Value_NotThere_SaysWhere()
    {
        var unset = Assert.Throws<UsageException>(static () => VariablesVerb.ValueOf("X", null, true, static _ => null, static () => ""));
        var missing = Assert.Throws<UsageException>(() => VariablesVerb.ValueOf("X", _path + ".none", false, static _ => null, static () => ""));

        Assert.Contains("'X'", unset.Message, StringComparison.Ordinal);
        Assert.Contains(".none", missing.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\r\n")]
    public void Value_Empty_IsRefusedWhereverItComesFrom(string value)
    {
        File.WriteAllText(_path, value);

        var piped = Assert.Throws<UsageException>(() => VariablesVerb.ValueOf("X", null, false, static _ => null, () => value));
        var file = Assert.Throws<UsageException>(() => VariablesVerb.ValueOf("X", _path, false, static _ => null, static () => "unused"));
        Assert.Throws<UsageException>(static () => VariablesVerb.ValueOf("X", null, true, static _ => "", static () => "unused"));

        Assert.Contains("variables remove X", piped.Message, StringComparison.Ordinal);
        Assert.Contains(_path, file.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Set_ValueOnTheCommandLine_IsNotTaken() =>
        Assert.NotEmpty(CommandLine.Build().Parse(["variables", "set", "HF_TOKEN", "hf_secret"]).Errors);
}
