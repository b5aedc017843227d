using System.Net;
using System.Text.Json.Nodes;
using ComfyServe.Testing.Web;

namespace ComfyServe.Worker.Tests.Tenancy;

/// <summary>Every route of a worker × every kind of ticket that is not the session's × the session and the request of another client: nothing is shown, nothing changes.</summary>
public sealed class WorkerTenancyTests
{
    private const string Secret = "ANN-SECRET";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EveryRoute_WithoutTheSessionsTicket_ShowsAndChangesNothingOfIt()
    {
        await using var worker = await RunningWorker.StartAsync();
        var ann = worker.Gateway.Granted(worker.Url);
        var session = await OpenAsync(worker, ann);
        var values = new Dictionary<string, string[]> { ["key"] = ["ann/secret.png"] };
        var (payloads, update) = (worker.Api.Others.Count, Path.Combine(worker.Folder, "force_update"));

        foreach (var route in ServedRoute.Of(worker.Services))
        {
            foreach (var path in route.Paths(values))
            {
                foreach (var (kind, ticket) in Tickets(worker))
                {
                    var body = new JsonObject
                    {
                        ["session_id"] = session,
                        ["auth_data"] = ticket?.DeepClone(),
                        ["session_auth"] = ticket?.DeepClone(),
                        ["payload"] = new JsonObject { ["lifetime"] = 60 },
                        ["mtoken"] = "garbage",
                    };
                    using var request = new HttpRequestMessage(new HttpMethod(route.Method), worker.Url + path);
                    request.Content = route.Method is "GET" or "HEAD" ? null : new StringContent(body.ToJsonString(), System.Text.Encoding.UTF8, "application/json");
                    using var answer = await worker.Client.SendAsync(request, Token);
                    var text = await answer.Content.ReadAsStringAsync(Token);

                    Assert.True((int)answer.StatusCode < 500, $"{route} with {kind}: {(int)answer.StatusCode} {text}");
                    Assert.False(text.Contains(Secret, StringComparison.Ordinal), $"{route} with {kind} shows what is another's: {text}");
                    Assert.True(!answer.IsSuccessStatusCode || MayAnybody(route, kind, text), $"{route} with {kind}: {(int)answer.StatusCode} {text}");
                }
            }
        }

        using var alive = await worker.PostAsync("/session/get", new JsonObject { ["session_id"] = session, ["session_auth"] = ann.DeepClone() });
        Assert.Equal(HttpStatusCode.OK, alive.StatusCode);
        Assert.Contains(Secret, await alive.Content.ReadAsStringAsync(Token), StringComparison.Ordinal); // the test would have seen it
        Assert.Equal(payloads, worker.Api.Others.Count);
        Assert.False(File.Exists(update));
    }

    /// <summary>What answers everybody: whether the worker is there, outputs by their own signature, and a session's health, which is told as none. A good ticket opens a session of its own.</summary>
    private static bool MayAnybody(ServedRoute route, string kind, string text) => route.Pattern.RawText switch
    {
        "/ping" or "/files/{**key}" => true,
        "/session/health" => text.Contains("false", StringComparison.Ordinal),
        "/session/create" => kind == "another client's ticket",
        _ => false,
    };

    private static IEnumerable<(string Kind, JsonObject? Ticket)> Tickets(RunningWorker worker)
    {
        yield return ("no ticket", null);
        yield return ("an empty ticket", []);
        yield return ("a forged ticket", Changed(worker.Gateway.Granted(worker.Url), "signature", "forged"));
        yield return ("a ticket for another worker", worker.Gateway.Granted("http://127.0.0.1:9", workerId: 7));
        yield return ("an ended ticket", worker.Gateway.Granted(worker.Url, ends: DateTimeOffset.UtcNow.AddMinutes(-5)));
        yield return ("another client's ticket", worker.Gateway.Granted(worker.Url));
    }

    private static JsonObject Changed(JsonObject ticket, string name, string value)
    {
        ticket[name] = value;
        return ticket;
    }

    private static async Task<string> OpenAsync(RunningWorker worker, JsonObject ticket)
    {
        using var answer = await worker.PostAsync("/session/create", new JsonObject
        {
            ["auth_data"] = ticket.DeepClone(),
            ["payload"] = new JsonObject { ["lifetime"] = 600, ["on_close_route"] = "/hook", ["on_close_payload"] = new JsonObject { ["text"] = Secret } },
        });
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        return (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync(Token))!["session_id"]!;
    }
}
