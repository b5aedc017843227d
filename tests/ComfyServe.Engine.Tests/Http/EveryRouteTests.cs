using System.Net;
using ComfyServe.Testing.Web;

namespace ComfyServe.Engine.Tests.Http;

/// <summary>What every route of an engine refuses, also one that is new.</summary>
public sealed class EveryRouteTests
{
    [Fact]
    public async Task EveryRoute_FromAPageOfAnotherSite_IsRefused()
    {
        await using var engine = await TestEngine.StartAsync();
        var values = new Dictionary<string, string[]>(AnyValue());

        foreach (var route in ServedRoute.Of(engine.Services))
        {
            foreach (var (header, value) in ((string, string)[])[("Host", "rebound.example"), ("Sec-Fetch-Site", "cross-site"), ("Origin", "http://evil.example")])
            {
                using var request = new HttpRequestMessage(new HttpMethod(route.Method), route.Paths(values)[0]);
                request.Headers.TryAddWithoutValidation(header, value);
                using var answer = await engine.Client.SendAsync(request, TestContext.Current.CancellationToken);

                Assert.True(answer.StatusCode == HttpStatusCode.Forbidden, $"{route} with {header}: {answer.StatusCode}");
            }
        }
    }

    /// <summary>Whatever is named: the refusal comes before anything is looked for.</summary>
    private static IEnumerable<KeyValuePair<string, string[]>> AnyValue() =>
        ((string[])["id", "folder", "type", "file", "dest", "name", "class", "node", "user"]).Select(name => KeyValuePair.Create(name, (string[])["x"]));
}
