using System.Data.Common;
using ComfyServe.Jobs.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace ComfyServe.Jobs.Tests;

public sealed class LedgerWriterTests
{
    [Theory]
    [InlineData("40P01", 2)]
    [InlineData("40001", 2)]
    [InlineData("22000", 1)]
    public async Task Run_TransactionGivenUpForAnother_IsTriedAgain(string state, int calls)
    {
        var options = new LedgerOptions { Folder = Directory.CreateTempSubdirectory("comfyserve-writer-").FullName };
        var database = await LedgerDatabase.OpenAsync(options, NullLogger.Instance, TestContext.Current.CancellationToken);
        await using (database)
        {
            await using var writer = new LedgerWriter(database, options, NullLogger.Instance);
            var made = 0;

            var result = await Record.ExceptionAsync(() => writer.RunAsync(_ => ++made == 1 ? throw new Clash(state) : Task.FromResult(made)));

            Assert.Equal(calls, made);
            Assert.Equal(calls == 1, result is LedgerUnavailableException);
        }

        Directory.Delete(options.Folder, recursive: true);
    }

    private sealed class Clash(string state) : DbException("the database gave up")
    {
        public override string SqlState => state;
    }
}
