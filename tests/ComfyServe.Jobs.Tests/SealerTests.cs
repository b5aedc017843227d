using System.Security.Cryptography;
using ComfyServe.Jobs.Sealing;

namespace ComfyServe.Jobs.Tests;

public sealed class SealerTests
{
    [Fact]
    public void Open_AtItsOwnPlace_GivesThePlainText()
    {
        using var sealer = new Sealer(new byte[32]);

        var opened = sealer.Open(sealer.Seal("secret"u8, "job/a"), "job/a");

        Assert.Equal("secret"u8, opened);
    }

    [Fact]
    public void Open_ElsewhereChangedOrWithAnotherKey_Throws()
    {
        using var sealer = new Sealer(new byte[32]);
        using var other = new Sealer([1, .. new byte[31]]);
        var box = sealer.Seal("secret"u8, "job/a");
        var changed = (byte[])box.Clone();
        changed[^1] ^= 1;

        Assert.ThrowsAny<CryptographicException>(() => sealer.Open(box, "job/b"));
        Assert.ThrowsAny<CryptographicException>(() => sealer.Open(changed, "job/a"));
        Assert.ThrowsAny<CryptographicException>(() => other.Open(box, "job/a"));
        Assert.ThrowsAny<CryptographicException>(() => sealer.Open([], "job/a"));
    }
}
