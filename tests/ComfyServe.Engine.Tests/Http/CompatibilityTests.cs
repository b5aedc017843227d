using System.Text.RegularExpressions;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Tests.Traces;
using ComfyServe.Testing;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace ComfyServe.Engine.Tests.Http;

/// <summary>Keeps <c>docs/reference/comfyui-compatibility.md</c> true.</summary>
public sealed partial class CompatibilityTests
{
    private const string NotBuilt = "not built";
    private static readonly string Page = Path.Combine(RepositoryRoot.Path, "docs", "reference", "comfyui-compatibility.md");

    [Fact]
    public async Task RouteTable_BuiltRoutes_AreThoseOfTheEngine()
    {
        await using var engine = await TestEngine.StartAsync();

        var routes = engine.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().SelectMany(Names).ToList();

        var bare = routes.Where(r => !r.Contains(" /api/", StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList();
        Assert.Equal(bare, Rows("Routes").Where(r => r.State != NotBuilt).Select(r => r.Name).Order(StringComparer.Ordinal));
        var prefixed = routes.Where(r => r.Contains(" /api/", StringComparison.Ordinal)).Select(r => r.Replace(" /api/", " /", StringComparison.Ordinal));
        Assert.Equal(bare.Where(r => r != "GET /" && !r.Contains(" /internal/", StringComparison.Ordinal)), prefixed.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task RouteTable_RoutesThatAreNotBuilt_AreRefused()
    {
        await using var engine = await TestEngine.StartAsync();

        foreach (var (name, _) in Rows("Routes").Where(r => r.State == NotBuilt))
        {
            var parts = name.Split(' ');
            using var request = new HttpRequestMessage(new HttpMethod(parts[0]), parts[1].Replace("{", "", StringComparison.Ordinal).Replace("}", "", StringComparison.Ordinal));
            using var reply = await engine.Client.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.True((int)reply.StatusCode is 404 or 405, $"'{name}' is said to be not built but answers {(int)reply.StatusCode}");
        }
    }

    [Fact]
    public void MessageTable_RecordedMessages_AreAllThere()
    {
        var known = Rows("Messages").Where(r => r.State != NotBuilt).Select(r => r.Name).ToList();
        var traces = Directory.GetFiles(RepositoryRoot.Data("traces"), "*.json").Select(Trace.Load).ToList();

        var texts = traces.SelectMany(t => t.Messages).Select(m => (string)m["type"]!);
        var frames = traces.SelectMany(t => t.Events).Where(e => Trace.Kind(e) == "ws_binary").Select(e => $"binary {(int)e["event_type"]!}");

        Assert.Empty(texts.Concat(frames).Distinct().Except(known));
    }

    [Fact]
    public void NodeList_IsTheCatalogue()
    {
        var listed = Section("Nodes").Where(static l => l.StartsWith("| ", StringComparison.Ordinal)).SelectMany(static l => Listed().Matches(l)).Select(static m => m.Groups["name"].Value);

        Assert.Equal(NodeCatalogue.BuiltIn.Nodes.Select(static n => n.Name).Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
    }

    [GeneratedRegex("`(?<name>[^`]+)`", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Listed();

    private static IEnumerable<string> Section(string name) =>
        File.ReadAllLines(Page).SkipWhile(l => l != $"## {name}").Skip(1).TakeWhile(static l => !l.StartsWith("## ", StringComparison.Ordinal));

    private static IEnumerable<string> Names(RouteEndpoint endpoint) =>
        endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Where(m => m != "HEAD").Select(m => $"{m} {endpoint.RoutePattern.RawText}");

    /// <summary>First and second column of a section's table.</summary>
    private static List<(string Name, string State)> Rows(string section)
    {
        var rows = Section(section).Where(l => l.StartsWith("| `", StringComparison.Ordinal)).Select(l => l.Split('|', StringSplitOptions.TrimEntries))
            .Select(c => (c[1].Trim('`'), c[2])).ToList();
        Assert.All(rows, r => Assert.True(r.Item2 is "same" or "differs" or NotBuilt, $"'{r.Item1}' has the unknown state '{r.Item2}'"));
        Assert.NotEmpty(rows);
        return rows;
    }
}
