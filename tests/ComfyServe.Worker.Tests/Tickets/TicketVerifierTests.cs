using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using ComfyServe.Contracts.Serverless;
using ComfyServe.Worker.Tickets;
using Microsoft.Extensions.Time.Testing;

namespace ComfyServe.Worker.Tests.Tickets;

public sealed class TicketVerifierTests
{
    private const string Url = "http://10.0.0.5:8080";
    private const string Mtoken = "worker-token";
    private static readonly RSA Key = RSA.Create(2048);
    private static readonly RSA OtherKey = RSA.Create(2048);
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 26, 12, 0, 0, TimeSpan.Zero));
    private readonly WorkerOptions _options = new() { Id = 7, Mtoken = Mtoken };
    private readonly WorkerAddress _address = new();
    private readonly TicketNumbers _numbers = new();
    private readonly PublicKeys _keys;
    private readonly GatewayTerms _terms;

    public TicketVerifierTests()
    {
        (_keys, _terms) = (new PublicKeys(_time), new GatewayTerms(_time));
        _address.Set(Url);
    }

    [Fact]
    public void Verify_NoKeyYet_IsNoKey() => // 30
        Assert.Equal(TicketVerdict.NoKey, Verifier().Verify(Signed()));

    [Fact]
    public void Verify_SignatureOverTheUrl_IsSignedAndItsNumberCounts() // 31
    {
        _keys.Take(Key.ExportSubjectPublicKeyInfoPem());

        Assert.Equal(TicketVerdict.Signed, Verifier().Verify(Signed()));
        Assert.Equal(1, _numbers.Count);
    }

    [Fact]
    public void Verify_CostAndNumberChanged_IsStillSigned() // 32
    {
        _keys.Take(Key.ExportSubjectPublicKeyInfoPem());

        Assert.Equal(TicketVerdict.Signed, Verifier().Verify(Signed(t => (t["cost"], t["reqnum"]) = (1, 99))));
    }

    [Fact]
    public void Verify_UrlChanged_IsForAnotherWorker()
    {
        _keys.Take(Key.ExportSubjectPublicKeyInfoPem());

        Assert.Equal(TicketVerdict.OtherWorker, Verifier().Verify(Signed(static t => t["url"] = "http://10.0.0.6:8080")));
    }

    [Theory]
    [InlineData("x")]
    [InlineData("")]
    [InlineData(null)]
    public void Verify_NoSignature_IsBad(string? signature)
    {
        _keys.Take(Key.ExportSubjectPublicKeyInfoPem());

        Assert.Equal(TicketVerdict.BadSignature, Verifier().Verify(Signed(t => t["signature"] = signature)));
    }

    [Fact]
    public void Verify_KeyReplaced_FormerKeyCountsForTwoMinutes()
    {
        _keys.Take(Key.ExportSubjectPublicKeyInfoPem());
        _keys.Take(OtherKey.ExportSubjectPublicKeyInfoPem());

        var soon = Verifier().Verify(Signed());
        _time.Advance(TimeSpan.FromMinutes(3));
        var late = Verifier().Verify(Signed());

        Assert.Equal(TicketVerdict.Signed, soon);
        Assert.Equal(TicketVerdict.BadSignature, late);
    }

    [Fact]
    public void Verify_Unsecured_LooksAtNothing() // 34
    {
        _options.Unsecured = true;

        Assert.Equal(TicketVerdict.Unsecured, Verifier().Verify(Signed(static t => t["signature"] = "x")));
    }

    [Fact]
    public void Verify_GoodGrant_IsGrantedOnce()
    {
        _keys.Take(Key.ExportSubjectPublicKeyInfoPem());
        var verifier = Verifier();
        var ticket = Granted();

        Assert.Equal(TicketVerdict.Granted, verifier.Verify(ticket));
        Assert.Equal(TicketVerdict.Replayed, verifier.Verify(ticket));
    }

    [Theory]
    [InlineData("cost", "1")]
    [InlineData("endpoint", "\"other\"")]
    [InlineData("reqnum", "8")]
    [InlineData("request_idx", "1")]
    public void Verify_GrantedMemberChanged_IsInvalid(string member, string value)
    {
        _keys.Take(Key.ExportSubjectPublicKeyInfoPem());

        Assert.Equal(TicketVerdict.GrantInvalid, Verifier().Verify(Granted(change: t => t[member] = JsonNode.Parse(value))));
    }

    [Fact]
    public void Verify_GrantOfAnotherWorker_IsForAnotherWorker()
    {
        _keys.Take(Key.ExportSubjectPublicKeyInfoPem());

        Assert.Equal(TicketVerdict.OtherWorker, Verifier().Verify(Granted(workerId: 8)));
    }

    [Fact]
    public void Verify_GrantOver_IsExpired()
    {
        _keys.Take(Key.ExportSubjectPublicKeyInfoPem());
        var ticket = Granted(life: TimeSpan.FromSeconds(60));
        _time.Advance(TimeSpan.FromSeconds(60));

        Assert.Equal(TicketVerdict.Expired, Verifier().Verify(ticket));
    }

    [Fact]
    public void Verify_OwnClockThirtySecondsAhead_GrantEndsByTheGatewaysClock()
    {
        _keys.Take(Key.ExportSubjectPublicKeyInfoPem());
        var gateway = _time.GetUtcNow() - TimeSpan.FromSeconds(30);
        _terms.Clock(gateway.ToUnixTimeMilliseconds(), _time.GetUtcNow());

        Assert.Equal(TicketVerdict.Granted, Verifier().Verify(Granted(life: TimeSpan.FromSeconds(-29))));
        Assert.Equal(TicketVerdict.Expired, Verifier().Verify(Granted(life: TimeSpan.FromSeconds(-31))));
    }

    [Fact]
    public void Verify_GatewayGivesGrantsAndThereIsNone_IsMissing()
    {
        _keys.Take(Key.ExportSubjectPublicKeyInfoPem());
        _terms.RequireGrants();

        Assert.Equal(TicketVerdict.GrantMissing, Verifier().Verify(Signed()));
    }

    [Fact]
    public void Verify_FormOf2025_IsGoodOnceAndNotMuchLater()
    {
        _keys.Take(Key.ExportSubjectPublicKeyInfoPem());
        var verifier = Verifier();
        var ticket = Older("cost", "endpoint", "reqnum", "request_idx", "url");

        Assert.Equal(TicketVerdict.Signed, verifier.Verify(ticket));
        Assert.Equal(TicketVerdict.Stale, verifier.Verify(ticket));
        Assert.Equal(TicketVerdict.Signed, verifier.Verify(Signed(static t => t["reqnum"] = 1000)));
        Assert.Equal(TicketVerdict.Stale, verifier.Verify(Older("cost", "endpoint", "reqnum", "url")));
    }

    [Fact]
    public void Verify_FormOf2024CostChanged_IsBad()
    {
        _keys.Take(Key.ExportSubjectPublicKeyInfoPem());
        var ticket = Older("cost", "endpoint", "reqnum", "url");
        var changed = JsonNode.Parse(ticket.Raw.GetRawText())!.AsObject();
        changed["cost"] = 100;

        Assert.Equal(TicketVerdict.BadSignature, Verifier().Verify(Ticket(changed)));
        Assert.Equal(TicketVerdict.Signed, Verifier().Verify(ticket));
    }

    [Fact]
    public void OlderForm_Bytes_ArePythons()
    {
        var ticket = JsonElement.Parse("""{"url":"http://w/é\"","cost":100.0,"reqnum":7,"endpoint":"a b"}""");

        var bytes = OlderSignature.SignedBytes(ticket, ["cost", "endpoint", "reqnum", "url"]);

        Assert.Equal("{\n    \"cost\": 100.0,\n    \"endpoint\": \"a b\",\n    \"reqnum\": 7,\n    \"url\": \"http://w/\\u00e9\\\"\"\n}", System.Text.Encoding.ASCII.GetString(bytes!));
    }

    [Fact]
    public void Keys_NoPem_IsRefused() => Assert.Throws<CryptographicException>(() => _keys.Take("404 page not found"));

    [Fact]
    public void Nonces_EndedTickets_AreForgotten()
    {
        var nonces = new NonceMemory(capacity: 2);

        Assert.True(nonces.TryTake("a", expiresAt: 1_000, now: 0));
        Assert.True(nonces.TryTake("b", expiresAt: 1_000, now: 0));
        Assert.False(nonces.TryTake("c", expiresAt: 1_000, now: 0));
        Assert.True(nonces.TryTake("c", expiresAt: 500_000, now: 400_000));
        Assert.Equal(1, nonces.Count);
    }

    private TicketVerifier Verifier() => new(_options, _keys, _terms, _nonces, _numbers, _address);

    private readonly NonceMemory _nonces = new();

    private static JsonObject Members(string url = Url) => new()
    {
        ["cost"] = 100.0,
        ["endpoint"] = "comfyui-json",
        ["reqnum"] = 7,
        ["request_idx"] = 101,
        ["signature"] = UrlSignature.Sign(Key, url),
        ["url"] = url,
    };

    private static Ticket Signed(Action<JsonObject>? change = null)
    {
        var ticket = Members();
        change?.Invoke(ticket);
        return Ticket(ticket);
    }

    private Ticket Granted(TimeSpan? life = null, long workerId = 7, Action<JsonObject>? change = null)
    {
        var ticket = Members();
        var expires = (_time.GetUtcNow() + (life ?? TimeSpan.FromMinutes(1))).ToUnixTimeMilliseconds();
        var nonce = Guid.NewGuid().ToString("N");
        ticket["grant"] = new JsonObject
        {
            ["version"] = 1,
            ["worker_id"] = workerId,
            ["expires_at"] = expires,
            ["nonce"] = nonce,
            ["signature"] = GrantSignature.Sign(GrantSignature.KeyFor(Mtoken), "comfyui-json", Url, 100, 7, 101, workerId, expires, nonce),
        };
        change?.Invoke(ticket);
        return Ticket(ticket);
    }

    private static Ticket Older(params string[] members)
    {
        var ticket = Members();
        var raw = JsonElement.Parse(ticket.ToJsonString().Replace("\"cost\":100,", "\"cost\":100.0,", StringComparison.Ordinal));
        var signed = JsonNode.Parse(raw.GetRawText())!.AsObject();
        signed["signature"] = Convert.ToBase64String(Key.SignData(OlderSignature.SignedBytes(raw, members)!, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        return Ticket(signed);
    }

    private static Ticket Ticket(JsonObject members)
    {
        var raw = JsonElement.Parse(members.ToJsonString());
        return new Ticket(raw.Deserialize(ServerlessJson.Default.AuthData)!, raw);
    }
}
