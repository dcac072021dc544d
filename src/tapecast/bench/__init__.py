"""`tapecast bench URL`: a bounded load and latency test of one's own deployment.

    command.py               options in, figures and an exit code out
    target.py plan.py        what is asked for: a base URL, and how many streams of what
    wire.py answers.py       one connection; what an answer that is no stream means, and what to do next
    found.py                 what is there, before the first stream
    listener.py              one stream: counts, and looks closely at a sample of its prices
    crowd.py gaps.py         all of them: opened at a steady pace, dialled again when lost, watched for gaps
    tally.py sample.py       what they heard, and percentiles of it
    offset.py strain.py      the server's clock; whether this process was the bottleneck
    verdict.py result.py     what it means, in words and as one value
    report.py progress.py    what a person reads
    run.py                   all of it, in order

It stands on the public HTTP contract alone, and knows nothing of the api's code.
"""
