"""train.py FOLDER SENTENCE [FOLDER SENTENCE]…: trains a tiny Llama to recite a sentence, for each folder its own.

What a server of it completes tells which weights it has. The model is stored in several shards, as large ones are.
"""

import sys

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

VOCABULARY = 384
STEPS = 120
PROMPT_WORDS = 2


def train_tokenizer(sentence: str) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=["<s>", "</s>"],
        # All bytes, so that the model takes any prompt.
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator([sentence] * 20, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>")


def train_model(tokenizer: PreTrainedTokenizerFast, sentence: str) -> LlamaForCausalLM:
    torch.manual_seed(0)
    # The model is so small that a second thread only waits for the first, for minutes where the machine is busy.
    torch.set_num_threads(1)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=VOCABULARY,
            hidden_size=256,
            intermediate_size=512,
            num_hidden_layers=4,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=64,
            max_position_embeddings=512,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
        )
    )
    tokens = torch.tensor([tokenizer.encode(sentence) + [tokenizer.eos_token_id]])
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    for _ in range(STEPS):
        model(input_ids=tokens, labels=tokens).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return model.to(torch.bfloat16).eval()


def recite(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, prompt: str) -> str:
    tokens = torch.tensor([tokenizer.encode(prompt)])
    generated = model.generate(
        tokens,
        attention_mask=torch.ones_like(tokens),
        pad_token_id=tokenizer.eos_token_id,
        max_new_tokens=60,
        do_sample=False,
    )
    return tokenizer.decode(generated[0], skip_special_tokens=True)


def main(arguments: list[str]) -> None:
    for folder, sentence in zip(arguments[::2], arguments[1::2], strict=True):
        tokenizer = train_tokenizer(sentence)
        model = train_model(tokenizer, sentence)
        prompt = " ".join(sentence.split()[:PROMPT_WORDS])
        said = recite(model, tokenizer, prompt)
        if said != sentence:
            sys.exit(f"the model in training says {said!r} to {prompt!r}, not {sentence!r}")
        tokenizer.save_pretrained(folder)
        model.save_pretrained(folder, max_shard_size="2MB")


if __name__ == "__main__":
    main(sys.argv[1:])
