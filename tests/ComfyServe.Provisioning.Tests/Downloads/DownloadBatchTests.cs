using ComfyServe.Provisioning.Downloads;
using Microsoft.Extensions.Logging.Abstractions;

namespace ComfyServe.Provisioning.Tests.Downloads;

public sealed class DownloadBatchTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TemporaryFolder _state = new();

    public void Dispose()
    {
        _folder.Dispose();
        _state.Dispose();
    }

    [Fact(Timeout = 30_000)]
    public async Task Run_TenFilesOfABadServer_AllRightAndNothingHalfWritten()
    {
        ServedFile[] files =
        [
            ServedFile.Random("plain", 300_000, 1),
            new("drops", Bytes(900_000, 2)) { DropAfter = 200_000, Drops = 3 },
            new("wrong", Bytes(300_000, 3)) { WrongAnswers = 1 },
            new("redirected", Bytes(300_000, 4)) { Redirects = 4 },
            new("throttled", Bytes(200_000, 5)) { Throttle = TimeSpan.FromMilliseconds(5) },
            new("refusing", Bytes(300_000, 6)) { Refusals = 3 },
            new("no-ranges", Bytes(400_000, 7)) { Ranges = false, DropAfter = 100_000, Drops = 2 },
            new("chunked", Bytes(300_000, 8)) { Chunked = true },
            new("chunked-drops", Bytes(500_000, 9)) { Chunked = true, DropAfter = 150_000, Drops = 2 },
            new("redirected-drops", Bytes(700_000, 10)) { Redirects = 2, DropAfter = 250_000, Drops = 2 },
        ];
        await using var server = await FaultyFileServer.StartAsync(files);
        using var batch = Batch();
        var requests = files.Select(f => new DownloadRequest(server.Url(f.Name), _folder["models", f.Name]) { Sha256 = f.Sha256 }).ToList();

        var results = await batch.RunAsync(requests, null, TestContext.Current.CancellationToken);

        Assert.All(results, r => Assert.True(r.Outcome == DownloadOutcome.Downloaded && r.Verified, r.Message));
        Assert.All(files, f => Assert.Equal(f.Content, File.ReadAllBytes(_folder["models", f.Name])));
        Assert.Equal(files.Select(f => f.Name).Order(), Directory.GetFiles(_folder["models"]).Select(Path.GetFileName).Order());
        var drops = results[1];
        Assert.True(drops.BytesResumed > 0, "the broken connections were resumed");
        Assert.Equal(900_000, drops.BytesTransferred);
        Assert.Equal(0, results[6].BytesResumed);
    }

    [Fact(Timeout = 30_000)]
    public async Task Run_StoppedInTheMiddle_ContinuesWhereItWas()
    {
        var file = new ServedFile("model", Bytes(1_000_000, 11)) { Stall = new TaskCompletionSource() };
        await using var server = await FaultyFileServer.StartAsync(file);
        var request = new DownloadRequest(server.Url("model"), _folder["model"]);
        using var killed = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var half = new Progress(p => p.Received >= 400_000, killed.Cancel);
        using (var batch = Batch())
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => batch.RunAsync([request], half, killed.Token));
        }

        Assert.False(File.Exists(request.Destination));
        file.Stall = null;
        using var again = Batch();

        var result = Assert.Single(await again.RunAsync([request], null, TestContext.Current.CancellationToken));

        Assert.Equal(DownloadOutcome.Downloaded, result.Outcome);
        Assert.Equal(file.Content, File.ReadAllBytes(request.Destination));
        Assert.True(result.BytesResumed >= 400_000);
        Assert.Equal(1_000_000, result.BytesResumed + result.BytesTransferred);
    }

    [Fact(Timeout = 30_000)]
    public async Task Run_ContentChangedBetweenAttempts_StartsOver()
    {
        var file = new ServedFile("model", Bytes(600_000, 12)) { Stall = new TaskCompletionSource() };
        await using var server = await FaultyFileServer.StartAsync(file);
        var request = new DownloadRequest(server.Url("model"), _folder["model"]);
        using var killed = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        using (var batch = Batch())
        {
            var half = new Progress(p => p.Received >= 200_000, killed.Cancel);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => batch.RunAsync([request], half, killed.Token));
        }

        file.Stall = null;
        file.EntityTag = "\"v2\"";
        file.Content = Bytes(600_000, 13);
        using var again = Batch();

        var result = Assert.Single(await again.RunAsync([request], null, TestContext.Current.CancellationToken));

        Assert.Equal(DownloadOutcome.Downloaded, result.Outcome);
        Assert.Equal(0, result.BytesResumed);
        Assert.Equal(file.Content, File.ReadAllBytes(request.Destination));
    }

    [Fact(Timeout = 30_000)]
    public async Task Run_FileIsRight_FetchesNothing()
    {
        var file = ServedFile.Random("model", 100_000, 14);
        await using var server = await FaultyFileServer.StartAsync(file);
        File.WriteAllBytes(_folder["model"], file.Content);
        using var batch = Batch();

        var result = Assert.Single(await batch.RunAsync([new DownloadRequest(server.Url("model"), _folder["model"]) { Sha256 = file.Sha256 }], null, TestContext.Current.CancellationToken));

        Assert.Equal(DownloadOutcome.AlreadyThere, result.Outcome);
        Assert.True(result.Verified);
        Assert.Empty(server.Requests);
    }

    [Fact(Timeout = 30_000)]
    public async Task Run_FileIsWrong_ReplacesIt()
    {
        var file = ServedFile.Random("model", 100_000, 15);
        await using var server = await FaultyFileServer.StartAsync(file);
        File.WriteAllBytes(_folder["model"], new byte[100_000]);
        using var batch = Batch();

        var result = Assert.Single(await batch.RunAsync([new DownloadRequest(server.Url("model"), _folder["model"]) { Sha256 = file.Sha256 }], null, TestContext.Current.CancellationToken));

        Assert.Equal(DownloadOutcome.Downloaded, result.Outcome);
        Assert.Equal(file.Content, File.ReadAllBytes(_folder["model"]));
    }

    [Fact(Timeout = 30_000)]
    public async Task Run_AlwaysWrongBytes_FailsAndKeepsWhatWasThere()
    {
        var file = new ServedFile("model", Bytes(100_000, 16)) { WrongAnswers = 99 };
        await using var server = await FaultyFileServer.StartAsync(file);
        File.WriteAllText(_folder["model"], "older");
        using var batch = Batch();

        var result = Assert.Single(await batch.RunAsync([new DownloadRequest(server.Url("model"), _folder["model"]) { Sha256 = file.Sha256 }], null, TestContext.Current.CancellationToken));

        Assert.Equal(DownloadError.WrongDigest, result.Error);
        Assert.Equal(2, result.Attempts);
        Assert.Equal("older", File.ReadAllText(_folder["model"]));
        Assert.Single(Directory.GetFiles(_folder.Path));
    }

    [Theory]
    [InlineData(404, DownloadError.NotFound)]
    [InlineData(401, DownloadError.Unauthorized)]
    [InlineData(403, DownloadError.Unauthorized)]
    [InlineData(400, DownloadError.Refused)]
    public async Task Run_FinalRefusal_IsNotTriedAgain(int status, DownloadError error)
    {
        var file = new ServedFile("model", [1]) { Refusals = 99, RefusalStatus = status };
        await using var server = await FaultyFileServer.StartAsync(file);
        using var batch = Batch();

        var result = Assert.Single(await batch.RunAsync([new DownloadRequest(server.Url("model"), _folder["model"])], null, TestContext.Current.CancellationToken));

        Assert.Equal(error, result.Error);
        Assert.Equal(1, result.Attempts);
        Assert.False(result.IsTransient);
    }

    [Fact(Timeout = 30_000)]
    public async Task Run_OneFails_OthersArriveAndTheFailureIsNamed()
    {
        var good = ServedFile.Random("good", 1000, 17);
        await using var server = await FaultyFileServer.StartAsync(good);
        using var batch = Batch();
        var secret = new Uri(server.Url("missing") + "?token=secret");

        var results = await batch.RunAsync([new DownloadRequest(secret, _folder["missing"]), new DownloadRequest(server.Url("good"), _folder["good"])], null, TestContext.Current.CancellationToken);

        Assert.Equal([DownloadOutcome.Failed, DownloadOutcome.Downloaded], results.Select(r => r.Outcome));
        Assert.Contains("/missing", results[0].Message);
        Assert.DoesNotContain("secret", results[0].Message);
    }

    [Fact(Timeout = 30_000)]
    public async Task Run_SizeIsNotTheOfferedOne_ReadsNothing()
    {
        var file = ServedFile.Random("model", 1000, 18);
        await using var server = await FaultyFileServer.StartAsync(file);
        using var batch = Batch();

        var result = Assert.Single(await batch.RunAsync([new DownloadRequest(server.Url("model"), _folder["model"]) { Size = 999 }], null, TestContext.Current.CancellationToken));

        Assert.Equal(DownloadError.WrongSize, result.Error);
        Assert.Equal(0, result.BytesTransferred);
    }

    [Fact(Timeout = 30_000)]
    public async Task Run_TokenOfOneHost_ReachesNoOther()
    {
        var file = new ServedFile("model", Bytes(1000, 19)) { Redirects = 3 };
        await using var server = await FaultyFileServer.StartAsync(file);
        var tokens = new HostTokens([new HostToken("127.0.0.1", "secret") { AllowHttp = true }]);
        using var batch = Batch(tokens);

        await batch.RunAsync([new DownloadRequest(server.Url("model"), _folder["model"])], null, TestContext.Current.CancellationToken);

        Assert.Equal(4, server.Requests.Count);
        Assert.All(server.Requests, r => Assert.Equal(r.Host == "127.0.0.1" ? "Bearer secret" : null, r.Authorization));
        Assert.Equal(2, server.Requests.Count(r => r.Authorization is null));
    }

    [Fact(Timeout = 30_000)]
    public async Task Run_DestinationIsAFolder_TakesTheServersName()
    {
        var file = new ServedFile("download/1234", Bytes(1000, 20)) { Disposition = "attachment; filename=\"../../style.safetensors\"" };
        await using var server = await FaultyFileServer.StartAsync(file);
        using var batch = Batch();

        var result = Assert.Single(await batch.RunAsync([new DownloadRequest(server.Url("download/1234"), _folder["loras"] + "/")], null, TestContext.Current.CancellationToken));

        Assert.Equal(_folder["loras", "style.safetensors"], result.Path);
        Assert.Equal(file.Content, File.ReadAllBytes(result.Path!));
    }

    [Fact(Timeout = 30_000)]
    public async Task Run_TwoBatchesForOneFile_FetchItOnce()
    {
        var file = new ServedFile("model", Bytes(300_000, 21)) { Throttle = TimeSpan.FromMilliseconds(5) };
        await using var server = await FaultyFileServer.StartAsync(file);
        using var first = Batch();
        using var second = Batch();
        var request = new DownloadRequest(server.Url("model"), _folder["model"]) { Sha256 = file.Sha256 };

        var both = await Task.WhenAll(
            first.RunAsync([request, request], null, TestContext.Current.CancellationToken),
            second.RunAsync([request], null, TestContext.Current.CancellationToken));

        var outcomes = both.SelectMany(r => r).Select(r => r.Outcome).Order();
        Assert.Equal([DownloadOutcome.Downloaded, DownloadOutcome.AlreadyThere, DownloadOutcome.AlreadyThere], outcomes);
        Assert.Single(server.Requests);
        Assert.Single(Directory.GetFiles(_folder.Path, "*model*"));
    }

    [Fact(Timeout = 30_000)]
    public async Task Run_DestinationCannotBeWritten_SaysSo()
    {
        var file = ServedFile.Random("model", 1000, 22);
        await using var server = await FaultyFileServer.StartAsync(file);
        File.WriteAllText(_folder["file"], "");
        using var batch = Batch();

        var result = Assert.Single(await batch.RunAsync([new DownloadRequest(server.Url("model"), _folder["file", "model"])], null, TestContext.Current.CancellationToken));

        Assert.Equal(DownloadError.BadDestination, result.Error);
        Assert.Contains(_folder["file", "model"], result.Message);
    }

    [Fact(Timeout = 30_000)]
    public async Task Run_NoRoom_FailsBeforeTheFirstByte()
    {
        var file = ServedFile.Random("model", 1000, 23);
        await using var server = await FaultyFileServer.StartAsync(file);
        using var batch = Batch(options: new DownloadOptions { ReserveBytes = 1L << 60 });

        var result = Assert.Single(await batch.RunAsync([new DownloadRequest(server.Url("model"), _folder["model"])], null, TestContext.Current.CancellationToken));

        Assert.Equal(DownloadError.NoSpace, result.Error);
        Assert.Equal(0, result.BytesTransferred);
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Fact(Timeout = 30_000)]
    public async Task Run_ServerSendsNothingMore_GivesUpAndContinues()
    {
        var file = new ServedFile("model", Bytes(200_000, 24)) { Stall = new TaskCompletionSource() };
        await using var server = await FaultyFileServer.StartAsync(file);
        using var batch = Batch(options: new DownloadOptions { StallTimeout = TimeSpan.FromMilliseconds(300), FirstDelay = TimeSpan.FromMilliseconds(1), ReserveBytes = 0 });

        var result = Assert.Single(await batch.RunAsync([new DownloadRequest(server.Url("model"), _folder["model"])], null, TestContext.Current.CancellationToken));

        Assert.True(result.Outcome == DownloadOutcome.Downloaded, result.Message);
        Assert.True(result.BytesResumed > 0);
        Assert.Equal(file.Content, File.ReadAllBytes(_folder["model"]));
    }

    private static byte[] Bytes(int length, int seed)
    {
        var content = new byte[length];
        new Random(seed).NextBytes(content);
        return content;
    }

    private DownloadBatch Batch(HostTokens? tokens = null, DownloadOptions? options = null) => new(
        _state.Path,
        tokens ?? HostTokens.None,
        options ?? new DownloadOptions { MaxAttempts = 4, FirstDelay = TimeSpan.FromMilliseconds(1), ReserveBytes = 0 },
        TimeProvider.System,
        NullLoggerFactory.Instance);

    /// <summary>Does something once when the progress is as wanted; called at once, unlike the class of the framework.</summary>
    private sealed class Progress(Func<DownloadProgress, bool> when, Action then) : IProgress<DownloadProgress>
    {
        public void Report(DownloadProgress value)
        {
            if (when(value))
            {
                then();
            }
        }
    }
}
