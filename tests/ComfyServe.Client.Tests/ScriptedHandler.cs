using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace ComfyServe.Client.Tests;

/// <summary>Answers each call by a script and remembers what was asked.</summary>
internal sealed class ScriptedHandler : HttpMessageHandler
{
    private readonly Queue<Func<HttpResponseMessage>> _answers = new();

    /// <summary>Path and body of each call.</summary>
    public List<(string Path, JsonNode? Body)> Calls { get; } = [];

    public ScriptedHandler Then(string body, HttpStatusCode status = HttpStatusCode.OK)
    {
        _answers.Enqueue(() => new HttpResponseMessage(status) { Content = new StringContent(body, Encoding.UTF8, "application/json") });
        return this;
    }

    public ScriptedHandler ThenRefuse()
    {
        _answers.Enqueue(() => throw new HttpRequestException("connection refused"));
        return this;
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = request.Content is null ? null : JsonNode.Parse(await request.Content.ReadAsStringAsync(cancellationToken));
        Calls.Add((request.RequestUri!.AbsolutePath, body));
        return _answers.Count > 0 ? _answers.Dequeue()() : throw new InvalidOperationException($"no answer left for {request.RequestUri}");
    }
}
