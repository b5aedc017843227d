using System.Text.Json.Nodes;
using ComfyServe.Testing;
using ComfyServe.Testing.Engines;
using ComfyServe.Testing.Processes;
using ComfyServe.Testing.Web;

namespace ComfyServe.EndToEnd.Tests;

/// <summary>The API service as a process of its own, killed without warning while jobs are in every stage.</summary>
public sealed class KillTests : IDisposable
{
    private const int JobsARound = 6;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("comfyserve-kill-");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Kill_AgainAndAgain_EveryAcceptedJobEndsOnceAndIsTold()
    {
        var rounds = RecordedData.IsFull ? 100 : 3;
        await using var engine = await FakeEngine.StartAsync();
        await using var receiver = await FileServer.StartAsync(static _ => Task.CompletedTask);
        var accepted = new List<string>();
        var chance = new Random(1);
        for (var round = 0; round < rounds; round++)
        {
            await using var service = Start(engine, receiver);
            using var client = new ApiClient(await service.ReadyAsync(Cancellation));
            for (var i = 0; i < JobsARound; i++)
            {
                var id = $"r{round}-{i}";
                var graph = $$$$"""{"1": {"class_type": "FakeSteps", "inputs": {"ms": {{{{chance.Next(1, 40)}}}}, "steps": 3}}, "9": {"class_type": "SaveImage", "inputs": {}}}""";
                if ((await client.SubmitAsync(graph, $""", "request_id": "{id}" """)).Status == 202)
                {
                    accepted.Add(id);
                }
            }

            await Task.Delay(TimeSpan.FromMilliseconds(chance.Next(0, 200)), Cancellation); // any moment of the jobs' lives
            await service.KillAsync(Cancellation);
        }

        await using (var last = Start(engine, receiver))
        {
            using var client = new ApiClient(await last.ReadyAsync(Cancellation));
            foreach (var id in accepted)
            {
                var (_, result) = await client.ResultAsync(id);
                Assert.True((string?)result["status"] == "completed", $"{id}: {result}");
            }

            // A delivery that a killed process had under way is claimed for a little while.
            for (var count = accepted.Count; Told(receiver).Count < accepted.Count; count++)
            {
                await receiver.ReceivedAsync(count);
            }
        }

        Assert.Equal(JobsARound * rounds, accepted.Count);
        Assert.Equal(accepted.Order(), Told(receiver).Order());
        var ids = receiver.Requests.GroupBy(r => (string)JsonNode.Parse(r.Body)!["id"]!, r => r.Headers["webhook-id"]);
        Assert.All(ids, g => Assert.Single(g.Distinct()));
    }

    private static HashSet<string> Told(FileServer receiver) => [.. receiver.Requests.Select(r => (string)JsonNode.Parse(r.Body)!["id"]!)];

    private ComfyServeProcess Start(FakeEngine engine, FileServer receiver) => ComfyServeProcess.Start(
        ["api", "--port", "0", "--engine", engine.BaseUrl, "--data", _folder.FullName], new Dictionary<string, string> { ["WEBHOOK_URL"] = receiver.BaseUrl });
}
