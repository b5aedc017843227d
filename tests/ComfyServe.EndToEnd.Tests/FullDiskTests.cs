using ComfyServe.Testing.Engines;
using ComfyServe.Testing.Processes;

namespace ComfyServe.EndToEnd.Tests;

/// <summary>The API service on a disk that fills up, and has room again.</summary>
public sealed class FullDiskTests : IDisposable
{
    private const string Image = """{"9": {"class_type": "SaveImage", "inputs": {"size": 100000}}}""";
    private const string Slow = """{"1": {"class_type": "FakeSleep", "inputs": {"ms": 3000}}, "9": {"class_type": "SaveImage", "inputs": {}}}""";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("comfyserve-disk-");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Disk_FullForAWhile_IsToldAndNothingAcceptedIsLost()
    {
        Assert.SkipUnless(await SmallDisk.IsPossibleAsync(), "mounting a file system of its own is not allowed here");
        await using var engine = await FakeEngine.StartAsync();
        var disk = new SmallDisk(_folder.FullName, 24);
        await using var api = ComfyServeProcess.Start(
            ["api", "--port", "0", "--engine", engine.BaseUrl, "--data", _folder.FullName], new Dictionary<string, string> { ["CLEANUP_LOW_MB"] = "0", ["CLEANUP_HIGH_MB"] = "1" }, disk);
        using var client = new ApiClient(await api.ReadyAsync(Cancellation));
        var accepted = new List<string> { "before" };
        Assert.Equal(200, (await client.RunAsync(Image)).Status);
        Assert.Equal(202, (await client.SubmitAsync(Slow, """, "request_id": "before" """)).Status);

        var filler = disk.PathOf(api, "filler");
        Fill(filler);
        var refused = 0;
        for (var i = 0; i < 20; i++)
        {
            var (status, answer) = await client.SubmitAsync(Image, $""", "request_id": "full{i}" """);
            Assert.Contains(status, (int[])[202, 503]);
            if (status == 202)
            {
                accepted.Add($"full{i}");
            }
            else
            {
                refused++;
                Assert.Equal("ledger_unavailable", (string?)answer["error"]!["code"]);
            }
        }

        var (sync, told) = await client.RunAsync(Image);
        Assert.True(sync == 503 || (string?)told["output"]?[0]?["upload_error"] == "cannot write to the embedded object store: no space left on the device", $"{sync} {told.ToJsonString()}");
        File.Delete(filler);

        foreach (var id in accepted)
        {
            var (status, answer) = await client.ResultAsync(id);
            Assert.Equal((id, 200, "completed"), (id, status, (string?)answer["status"]));
            var output = Assert.Single(answer["output"]!.AsArray())!;
            Assert.True(output["url"] is not null || ((string?)output["upload_error"])!.Contains("no space left", StringComparison.Ordinal), output.ToJsonString());
        }

        var (after, last) = await client.RunAsync(Image, """, "request_id": "after" """);
        Assert.Equal(200, after);
        Assert.Equal((200, 100_000), (await client.FetchAsync((string)last["output"]![0]!["url"]!)) is var (code, bytes) ? (code, bytes.Length) : default);
        Assert.True(refused > 0 || accepted.Count == 21, "the ledger either wrote or refused each");
    }

    /// <summary>Writes until nothing more goes in.</summary>
    private static void Fill(string path)
    {
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        foreach (var size in (int[])[1 << 20, 4096, 1])
        {
            var block = new byte[size];
            try
            {
                while (file.Length < 100 << 20)
                {
                    file.Write(block);
                }
            }
            catch (IOException)
            {
                // Full for blocks of this size.
            }
        }
    }
}
