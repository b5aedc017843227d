using System.Net.Sockets;
using ComfyServe.Cli.Run;
using ComfyServe.Diffusion.Checkpoints;

namespace ComfyServe.Cli.Tests;

/// <summary>Issue 11: raw JSON of a service, names of types and texts of libraries were shown.</summary>
public sealed class FailureTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("comfyserve-output-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("""{"detail": "no such endpoint"}""", "no such endpoint")]
    [InlineData("""{"detail": [{"loc": ["body", "input", "s3"], "msg": "Field required", "type": "missing"}], "message": "x"}""", "body.input.s3: Field required")]
    [InlineData("""{"success": false, "msg": "the key is wrong"}""", "the key is wrong")]
    [InlineData("""{"error": {"code": "queue_full", "message": "the queue is full"}}""", "the queue is full")]
    [InlineData("""{"title": "Not found", "status": 404}""", "Not found")]
    [InlineData("<html>502 Bad Gateway nginx</html>", "it gave no reason")]
    [InlineData("""{"a": 1}""", "it gave no reason")]
    [InlineData("", "it gave no reason")]
    public void Reason_OfAnAnswer_IsItsWordsAndNothingElse(string answer, string reason) => Assert.Equal(reason, ServiceReason.Of(answer));

    public static TheoryData<string> Kinds() => ["io", "denied", "refused", "bug", "argument", "overflow", "json"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Failure_OfALibrary_IsSaidInOurWords(string kind)
    {
        const string Text = "Parameter 'foo' of System.Whatever`1 broke.";
        Exception error = kind switch
        {
            "io" => new IOException(Text),
            "denied" => new UnauthorizedAccessException(Text),
            "refused" => new HttpRequestException(Text, new SocketException((int)SocketError.ConnectionRefused)),
            "argument" => new ArgumentException(Text, nameof(kind)),
            "overflow" => new OverflowException(Text),
            "json" => new System.Text.Json.JsonException(Text),
            _ => new InvalidOperationException(Text),
        };

        Assert.DoesNotContain("System", FailureText.Of(error), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_ServiceThatIsNotThere_IsNamed()
    {
        using var listener = new TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        var url = $"http://127.0.0.1:{((System.Net.IPEndPoint)listener.LocalEndpoint).Port}/";
        listener.Stop();
        using var http = new HttpClient { BaseAddress = new Uri(url) };

        var error = await Assert.ThrowsAsync<HttpRequestException>(() => new RunClient(http).ConvertAsync([], TestContext.Current.CancellationToken));

        Assert.Equal($"the API service at '{url}' cannot be reached: nothing listens there; is it running, and is '--api' right?", FailureText.Of(error));
    }

    [Fact]
    public void Failure_OfOurs_KeepsItsWords() => Assert.Equal("the file is cut", FailureText.Of(new CheckpointException("the file is cut")));

    [Fact]
    public void Check_FileInPlaceOfAFolder_IsRefused()
    {
        var file = Path.Combine(_folder.FullName, "taken");
        File.WriteAllText(file, "");

        var error = Assert.Throws<UsageException>(() => OutputPlace.Check(Path.Combine(file, "below"), "--output", 1));

        Assert.Contains($"'{file}' is a file", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_LessRoomThanNeeded_IsRefused()
    {
        var error = Assert.Throws<UsageException>(() => OutputPlace.Check(_folder.FullName, "--output", long.MaxValue));

        Assert.Contains("are needed", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_FolderThatIsNotThereYet_IsFineAndStaysAway()
    {
        OutputPlace.Check(Path.Combine(_folder.FullName, "a", "b"), "--output", 1);

        Assert.Empty(_folder.EnumerateFileSystemInfos());
    }
}
