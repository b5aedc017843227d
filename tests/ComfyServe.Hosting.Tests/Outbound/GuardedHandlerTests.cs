using System.Net;
using ComfyServe.Hosting.Outbound;
using ComfyServe.Testing.Web;

namespace ComfyServe.Hosting.Tests.Outbound;

public sealed class GuardedHandlerTests
{
    [Theory]
    [InlineData("http://127.0.0.1/")]
    [InlineData("http://2130706433/")]
    [InlineData("http://0x7f000001/")]
    [InlineData("http://0177.0.0.1/")]
    [InlineData("http://127.1/")]
    [InlineData("http://[::1]/")]
    [InlineData("http://[::ffff:127.0.0.1]/")]
    [InlineData("http://[::ffff:7f00:1]/")]
    [InlineData("http://[0:0:0:0:0:ffff:127.0.0.1]/")]
    [InlineData("http://169.254.169.254/latest/meta-data/")]
    [InlineData("http://2852039166/")]
    [InlineData("http://localhost/")]
    [InlineData("http://localhost./")]
    [InlineData("http://user:pw@127.0.0.1:80/")]
    [InlineData("http://１２７.０.０.１/")]
    [InlineData("http://0/")]
    [InlineData("http://metadata.example/")]
    public async Task Send_InternalAddressInAnyDisguise_IsRefused(string url)
    {
        using var http = new HttpClient(GuardedHandler.Create(new(), TimeSpan.FromSeconds(5), ResolveAsync));

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync(url, TestContext.Current.CancellationToken));

        Assert.IsType<AddressRefusedException>(failure.InnerException);
    }

    [Fact]
    public async Task Send_NameWithOneInternalAddressAmongPublicOnes_IsRefused()
    {
        using var http = new HttpClient(GuardedHandler.Create(new(), TimeSpan.FromSeconds(5), (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse("8.8.8.8"), IPAddress.Loopback])));

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync("http://mixed.example/", TestContext.Current.CancellationToken));

        Assert.IsType<AddressRefusedException>(failure.InnerException);
    }

    [Fact]
    public async Task Send_NameThatChangesAfterTheCheck_GoesToTheCheckedAddress()
    {
        await using var server = await FileServer.StartAsync(FileServer.Bytes([1]));
        var answers = new Queue<IPAddress>([IPAddress.Loopback, IPAddress.Parse("10.0.0.1")]);
        var asked = 0;
        using var http = new HttpClient(GuardedHandler.Create(new(["127.0.0.1"]), TimeSpan.FromSeconds(5), (_, _) =>
        {
            asked++;
            return Task.FromResult<IPAddress[]>([answers.Dequeue()]);
        }));

        await http.GetByteArrayAsync($"http://rebinding.example:{new Uri(server.BaseUrl).Port}/", TestContext.Current.CancellationToken);

        Assert.Equal(1, asked);
    }

    [Fact]
    public async Task Send_Redirect_IsNotFollowedUnseen()
    {
        await using var server = await FileServer.StartAsync(c =>
        {
            c.Response.Redirect("http://169.254.169.254/");
            return Task.CompletedTask;
        });
        using var http = new HttpClient(GuardedHandler.Create(new(["127.0.0.1"]), TimeSpan.FromSeconds(5)));

        using var response = await http.GetAsync(server.BaseUrl, TestContext.Current.CancellationToken);

        Assert.Equal(302, (int)response.StatusCode);
    }

    /// <summary>What is left for a resolver is answered as badly as a resolver can.</summary>
    private static Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken) =>
        Task.FromResult<IPAddress[]>([host.StartsWith("metadata", StringComparison.Ordinal) ? IPAddress.Parse("169.254.169.254") : IPAddress.Loopback]);
}
