using System.Text.Json;
using ComfyServe.Contracts.Serverless;

namespace ComfyServe.Contracts.Tests.Serverless;

public sealed class GrantSignatureTests
{
    private static readonly byte[] Key = GrantSignature.KeyFor("worker token");

    [Fact]
    public void Verify_TicketThroughTheWire_Accepts()
    {
        var answer = Answer();

        var ticket = Through(answer);

        Assert.True(GrantSignature.Verify(Key, ticket));
    }

    [Fact]
    public void Verify_AnyMemberChanged_Refuses()
    {
        var ticket = Through(Answer());
        AuthData[] changed =
        [
            ticket with { Endpoint = "other" },
            ticket with { Url = "http://10.0.0.6:8080" },
            ticket with { Cost = 99.5 },
            ticket with { Reqnum = 4 },
            ticket with { RequestIdx = 8 },
            ticket with { Grant = ticket.Grant! with { WorkerId = 2 } },
            ticket with { Grant = ticket.Grant! with { ExpiresAt = 2 } },
            ticket with { Grant = ticket.Grant! with { Nonce = "m" } },
            ticket with { Grant = ticket.Grant! with { Signature = "AAAA" } },
            ticket with { Grant = ticket.Grant! with { Signature = "not base64!" } },
            ticket with { Grant = ticket.Grant! with { Version = 2 } },
            ticket with { Grant = null },
        ];

        Assert.All(changed, c => Assert.False(GrantSignature.Verify(Key, c)));
        Assert.False(GrantSignature.Verify(GrantSignature.KeyFor("another token"), ticket));
    }

    [Fact]
    public void Verify_TextMovedBetweenMembers_Refuses()
    {
        var signature = GrantSignature.Sign(Key, "a\n1:b", "c", 1, 1, 1, 1, 1, "n");

        Assert.NotEqual(signature, GrantSignature.Sign(Key, "a", "1:b\nc", 1, 1, 1, 1, 1, "n"));
    }

    private static RouteAnswer Answer() => new()
    {
        Endpoint = "e",
        Url = "http://10.0.0.5:8080",
        Cost = 100.25,
        Reqnum = 3,
        RequestIdx = 7,
        Signature = "s",
        Grant = new TicketGrant
        {
            Version = GrantSignature.Version,
            WorkerId = 1,
            ExpiresAt = 1_795_492_508_371,
            Nonce = "n",
            Signature = GrantSignature.Sign(Key, "e", "http://10.0.0.5:8080", 100.25, 3, 7, 1, 1_795_492_508_371, "n"),
        },
    };

    private static AuthData Through(RouteAnswer answer) =>
        JsonSerializer.Deserialize(JsonSerializer.Serialize(answer, ServerlessJson.Default.RouteAnswer), ServerlessJson.Default.AuthData)!;

    [Theory]
    [InlineData("e", "http://10.0.0.5:8080", "n")]
    [InlineData("endpoint", "https://[2001:db8::1]:443", "2c7a3f0e-0000-4000-8000-000000000000")]
    [InlineData("é", "http://例え.テスト", "")]
    public void Sign_AnyTicket_IsThePlatformsHmac(string endpoint, string url, string nonce)
    {
        var text = string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"{endpoint.Length}:{endpoint}\n{url.Length}:{url}\n{100.25:R}\n3\n7\n1\n1795492508371\n{nonce.Length}:{nonce}");
        var expected = System.Security.Cryptography.HMACSHA256.HashData(Key, System.Text.Encoding.UTF8.GetBytes(text));

        var signature = GrantSignature.Sign(Key, endpoint, url, 100.25, 3, 7, 1, 1_795_492_508_371, nonce);

        Assert.Equal(System.Buffers.Text.Base64Url.EncodeToString(expected), signature);
    }

    [Fact]
    public void Sign_VeryLongUrl_IsThePlatformsHmacToo()
    {
        var url = new string('x', 10_000);
        var expected = System.Security.Cryptography.HMACSHA256.HashData(Key, System.Text.Encoding.UTF8.GetBytes($"1:e\n10000:{url}\n1\n1\n1\n1\n1\n1:n"));

        var signature = GrantSignature.Sign(Key, "e", url, 1, 1, 1, 1, 1, "n");

        Assert.Equal(System.Buffers.Text.Base64Url.EncodeToString(expected), signature);
    }
}
