namespace ComfyServe.Worker.Tests;

public sealed class WorkerEnvironmentTests
{
    private readonly List<string> _mistakes = [];
    private readonly List<string> _warnings = [];

    [Fact]
    public void Read_AsTheOriginalIsStarted_GivesItsSettings()
    {
        var options = Read(
            ("CONTAINER_ID", "4242"), ("MASTER_TOKEN", "secret"), ("REPORT_ADDR", "http://a:8080/, https://b"), ("WORKER_PORT", "3000"),
            ("PUBLIC_IPADDR", "203.0.113.7"), ("VAST_TCP_PORT_3000", "41234"), ("USE_SSL", "true"), ("UNSECURED", "false"), ("MODEL_LOG", "/var/log/x.log"),
            ("BENCHMARK_TEST_STEPS", "50"));

        Assert.Empty(_mistakes);
        Assert.Empty(options.Mistakes());
        Assert.Equal((4242, "secret"), (options.Id, options.Mtoken));
        Assert.Equal(["http://a:8080/", "https://b/"], options.Gateways.Select(static g => g.AbsoluteUri));
        Assert.Equal("https://203.0.113.7:41234/", options.PublicUrl!.AbsoluteUri);
        Assert.Equal("0.0.0.0", options.Host);
        Assert.Equal(50, options.BenchmarkSteps);
        Assert.Equal("/var/log/x.log", options.ApiLog);
    }

    [Theory]
    [InlineData("true", "https")] // 63
    [InlineData("True", "http")]
    [InlineData("1", "http")]
    [InlineData(null, "http")]
    public void Read_UseSsl_OnlyTheWordTrueCounts(string? given, string scheme) =>
        Assert.Equal(scheme, Read(("PUBLIC_IPADDR", "10.0.0.1"), ("USE_SSL", given)).PublicUrl!.Scheme);

    [Theory]
    [InlineData("YES", true)]
    [InlineData("t", true)]
    [InlineData("1", true)]
    [InlineData("on", true)]
    [InlineData("no", false)]
    [InlineData(null, false)]
    public void Read_Unsecured_IsPythonsTruth(string? given, bool expected) => Assert.Equal(expected, Read(("UNSECURED", given)).Unsecured);

    [Fact]
    public void Read_StepsAreNoNumber_WarnsAndTakesTwenty() // 70
    {
        var options = Read(("BENCHMARK_TEST_STEPS", "abc"));

        Assert.Equal(20, options.BenchmarkSteps);
        Assert.Contains("'abc'", Assert.Single(_warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_NoPublicAddress_ListensOnThisMachineOnly() => Assert.Equal("127.0.0.1", Read().Host);

    [Fact]
    public void Read_SeveralMistakes_AllAreNamed()
    {
        Read(("CONTAINER_ID", "x"), ("REPORT_ADDR", "gateway:8080,http://ok"), ("WORKER_MAX_QUEUE_TIME", "soon"), ("MODEL_SERVER_URL", "ftp://a"));

        Assert.Equal(4, _mistakes.Count);
        Assert.All((string[])["CONTAINER_ID", "REPORT_ADDR", "WORKER_MAX_QUEUE_TIME", "MODEL_SERVER_URL"], name => Assert.Contains(_mistakes, m => m.StartsWith($"'{name}'", StringComparison.Ordinal)));
    }

    [Fact]
    public void Mistakes_NothingGiven_NamesWhatIsIndispensable()
    {
        var error = Assert.Throws<InvalidWorkerOptionsException>(static () => WorkerServer.Build(new WorkerOptions { Port = 70_000, ParallelRequests = 0 }));

        Assert.Equal(5, error.Mistakes.Count);
    }

    private WorkerOptions Read(params (string Name, string? Value)[] variables) =>
        WorkerEnvironment.Read(name => variables.FirstOrDefault(v => v.Name == name).Value, _mistakes, _warnings);
}
